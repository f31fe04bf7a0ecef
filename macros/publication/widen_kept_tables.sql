{#- What is kept from build to build has the types of the release that made it: give the columns
    those of today. Views that read them go; a whole build makes them again.

    These are ids, which were numbers, prices, which had two places, and the time of what waits in
    quarantine, which was not kept. -#}
{% macro widen_kept_tables() -%}
    {%- if execute and flags.WHICH in ("build", "run", "snapshot", "retry") -%}
        {%- for schema, table, column, type in [
            ("audit", "quarantine", "order_id", "text"),
            ("audit", "quarantine", "happened_at", "timestamp with time zone"),
            ("snapshots", "products", "product_id", "text"),
            ("snapshots", "products", "unit_price", exact_type() | trim),
            ("snapshots", "products", "unit_cost", exact_type() | trim),
        ] -%}
            {%- set kept = adapter.get_relation(
                target.database, schema_prefix() ~ schema, table
            ) -%}
            {%- set columns = adapter.get_columns_in_relation(kept) if kept else [] -%}
            {%- set found = columns | selectattr("name", "equalto", column) | list -%}
            {%- if columns and not found -%}
                {%- do run_query("alter table " ~ kept ~ " add " ~ column ~ " " ~ type ~ "; commit") -%}
            {%- elif found and found[0].data_type != type | replace(", ", ",") -%}
                {%- do adapter.dispatch("widen_column")(kept, column, type) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}

{% macro postgres__widen_column(kept, column, type) -%}
    {%- for view in run_query(
        "select distinct reader.relnamespace::regnamespace::text as schema_name, reader.relname"
        ~ " from pg_depend as dependency"
        ~ " inner join pg_rewrite as rule on dependency.objid = rule.oid"
        ~ " inner join pg_class as reader on rule.ev_class = reader.oid"
        ~ " where dependency.refobjid = '" ~ kept ~ "'::regclass and reader.relkind = 'v'"
    ) -%}
        {#- by the adapter, so that dbt knows that it is gone -#}
        {%- do adapter.drop_relation(api.Relation.create(
            database=kept.database, schema=view[0], identifier=view[1], type="view"
        )) -%}
    {%- endfor -%}
    {%- do run_query(
        "alter table " ~ kept ~ " alter column " ~ column ~ " type " ~ type ~ "; commit"
    ) -%}
{%- endmacro %}
