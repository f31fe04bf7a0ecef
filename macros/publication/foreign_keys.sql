{#- Foreign keys are declared in the contracts, but put on just before the swap, all of them in one
    place: a rebuilt dimension drops those that point at it, and one check of a whole table costs a
    fraction of a check per inserted row. -#}

{#- What stands in `create table` of a contracted model: everything but its foreign keys. -#}
{% macro postgres__get_table_columns_and_constraints() -%}
    {%- set constraints = [] -%}
    {%- for constraint in model["constraints"] if constraint["type"] != "foreign_key" -%}
        {%- do constraints.append(constraint) -%}
    {%- endfor -%}
    {%- set column_definitions = adapter.render_raw_columns_constraints(raw_columns=model["columns"]) -%}
    {%- set definitions = column_definitions + adapter.render_raw_model_constraints(
        raw_constraints=constraints
    ) -%}
    (
        {{ definitions | join(",\n        ") }}
    )
{%- endmacro %}

{#- The statements that put every declared foreign key of the given results' models on its table,
    where it is missing, and check it.

    Args:
        mart_results: the results of the marts that were built in this run. -#}
{% macro foreign_key_statements(mart_results) -%}
    {{ return(adapter.dispatch("foreign_key_statements")(mart_results)) }}
{%- endmacro %}

{% macro postgres__foreign_key_statements(mart_results) -%}
    {%- set statements = [] -%}
    {%- for result in mart_results -%}
        {%- for constraint in result.node.constraints if constraint.type == "foreign_key" -%}
            {%- set relation = result.node.relation_name -%}
            {%- set name = constraint.name
                or result.node.name ~ "_" ~ constraint.columns | join("_") ~ "_fkey" -%}
            {%- do statements.append(
                "if not exists (select 1 from pg_constraint where conname = '" ~ name
                ~ "' and conrelid = '" ~ relation ~ "'::regclass) then "
                ~ "alter table " ~ relation ~ " add constraint " ~ adapter.quote(name)
                ~ " foreign key (" ~ constraint.columns | join(", ") ~ ") references "
                ~ constraint.to ~ " (" ~ constraint.to_columns | join(", ") ~ ") not valid; "
                ~ "alter table " ~ relation ~ " validate constraint " ~ adapter.quote(name)
                ~ "; end if;"
            ) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(statements) }}
{%- endmacro %}
