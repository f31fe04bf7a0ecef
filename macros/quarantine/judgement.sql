{#- One table whose records are judged, for the model `quarantine`.

    Args:
        source_name: the source system.
        table_name: the table, as the source calls it.
        base: the base model; it has `branch_id`, `load_id`, `deleted_at`, `_errors`, `raw_record`.
        key: the column of the record's key, company-wide.
        scope: the column by which the source's loads go; none where they are of all its records.
        scope_value: the one value of that column that all records of the table have.
        is_indexed_by_order: whether the raw table finds the records of an order by an index. -#}
{% macro judged(
    source_name, table_name, base, key, scope=none, scope_value=none, is_indexed_by_order=true
) -%}
    {{ return({
        "source": source_name, "table": table_name, "base": base, "key": key, "scope": scope,
        "scope_value": scope_value, "is_indexed_by_order": is_indexed_by_order
    }) }}
{%- endmacro %}

{#- The records of some orders.

    Args:
        table: from `judged`.
        orders: table of branch_id and order_id. -#}
{% macro records_of_suspects(table, orders) -%}
    {%- if table.is_indexed_by_order -%}
        {{ return(rows_of_orders(table.base, orders)) }}
    {%- endif -%}
    (
        select records.*
        from {{ table.base }} as records
        inner join {{ orders }} as orders
            on records.branch_id = orders.branch_id and records.order_id = orders.order_id
    )
{%- endmacro %}

{#- The columns in which the records of all tables are the same.

    Args:
        table: from `judged`.
        order_id: the column that names the order to which a record belongs, or "null". -#}
{% macro judged_columns(table, order_id) -%}
    {%- set key = "records." ~ table.key -%}
    select
        {{ dbt.concat(["'" ~ table.source ~ "-" ~ table.table ~ "-'", key]) }} as quarantine_key,
        '{{ table.source }}' as source_name,
        '{{ table.table }}' as table_name,
        {{ key }} as record_key,
        records.branch_id,
        cast({{ order_id }} as bigint) as order_id,
        records.load_id,
        records.raw_record,
        records._errors as reasons
{%- endmacro %}

{#- The records that are in quarantine from before this run.

    Args:
        table: any table from `judged`: the first run takes the columns from it. -#}
{% macro waiting_records(table) -%}
    {%- if is_incremental() -%}
    select
        quarantine_key,
        source_name,
        table_name,
        record_key,
        branch_id,
        order_id,
        load_id,
        raw_record,
        reasons,
        is_held_with_its_order,
        quarantined_at
    from {{ this }}
    where released_at is null
    {%- else -%}
    {{ judged_columns(table, "null") }},
        false as is_held_with_its_order,
        {{ dbt.current_timestamp() }} as quarantined_at
    from {{ table.base }} as records
    where 1 = 0
    {%- endif -%}
{%- endmacro %}

{#- Before records are judged: remember up to which load they are, and by which rules. What is
    published is judged; later runs look at what came after, and at all when the rules have changed.

    Args:
        loads: from `judged_loads`, one for each source. -#}
{% macro remember_judgement(loads) -%}
    {%- if execute -%}
        {{ return(adapter.dispatch("remember_judgement")(loads)) }}
    {%- endif -%}
{%- endmacro %}

{#- The loads of one source.

    Args:
        source_name: the source system.
        relation: staging's loads; it has `load_id` and `is_complete`.
        scope: the column by which the loads go, for example the branch; none where there is none. -#}
{% macro judged_loads(source_name, relation, scope=none) -%}
    {{ return({"source": source_name, "relation": relation, "scope": scope or "cast('' as text)"}) }}
{%- endmacro %}

{% macro postgres__remember_judgement(loads) -%}
    {%- set judgements = schema_prefix() ~ "audit.judgements" -%}
    create table if not exists {{ judgements }} (
        publication_id text not null,
        source_name text not null,
        scope text not null,
        load_id text not null,
        rules text not null,
        judged_at timestamp with time zone not null default clock_timestamp(),
        primary key (publication_id, source_name, scope)
    );
    delete from {{ judgements }} where judged_at < now() - interval '100 days';
    insert into {{ judgements }} (publication_id, source_name, scope, load_id, rules)
    {%- for source in loads %}
    select '{{ invocation_id }}', '{{ source.source }}', {{ source.scope }}, max(load_id), ({{ rules_sql() }})
    from {{ source.relation }}
    where is_complete
    group by {{ source.scope }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
    on conflict (publication_id, source_name, scope) do nothing
{%- endmacro %}

{#- The condition that a record is to be judged: it came with a load that the published version has
    not seen as complete, or the rules have changed since.

    Args:
        table: from `judged`. -#}
{% macro is_to_judge(table) -%}
    {%- set judgements = last_judgement() -%}
    {%- set known = [] -%}
    {%- set parts = [] -%}
    {%- for row in judgements
        if row["source_name"] == table.source
        and (not table.scope_value or row["scope"] == table.scope_value) -%}
        {%- set scope = sql_text(row["scope"]) -%}
        {%- do known.append(scope) -%}
        {%- do parts.append(
            (table.scope ~ " = " ~ scope ~ " and " if table.scope else "")
            ~ "load_id > " ~ sql_text(row["load_id"])
        ) -%}
    {%- endfor -%}
    {%- if not parts -%} 1 = 1
    {%- else -%}
        {%- if table.scope -%}
            {%- do parts.append(table.scope ~ " not in (" ~ known | join(", ") ~ ")") -%}
        {%- endif -%}
        ({{ parts | join(" or ") }})
    {%- endif -%}
{%- endmacro %}

{#- The loads up to which the published version's records are judged; none where it has none, where
    its rules were others, or with --full-refresh: then all records are to be judged. -#}
{% macro last_judgement() -%}
    {%- if not execute or flags.FULL_REFRESH -%} {{ return([]) }} {%- endif -%}
    {%- set exists = run_query(
        "select to_regclass('" ~ schema_prefix() ~ "audit.judgements') is not null and to_regclass('"
        ~ this ~ "') is not null"
    )[0][0] -%}
    {%- if not exists -%} {{ return([]) }} {%- endif -%}
    {{ return(run_query(
        "select source_name, scope, load_id from " ~ schema_prefix() ~ "audit.judgements"
        ~ " where rules = (" ~ rules_sql() ~ ") and publication_id = ("
        ~ "select publication_id from " ~ schema_prefix() ~ "audit.publications"
        ~ " where outcome = 'published' order by finished_at desc limit 1)"
    )) }}
{%- endmacro %}

{#- A query for a fingerprint of the rules: the text of the base models, as the database knows it,
    without the lines that only name a column (a new one at a source is no new rule), and the seeds
    that they look things up in. -#}
{% macro rules_sql() -%}
    {{ return(adapter.dispatch("rules_sql")()) }}
{%- endmacro %}

{% macro postgres__rules_sql() -%}
    {%- set parts = [] -%}
    {%- set quarantine = graph.nodes["model.mypizza.quarantine"] -%}
    {%- for base_id in quarantine.depends_on.nodes | sort if "base_" in base_id -%}
        {%- set base = graph.nodes[base_id] -%}
        {%- do parts.append(
            "(select string_agg(line, '' order by position) from regexp_split_to_table("
            ~ "pg_get_viewdef('" ~ base.relation_name ~ "'::regclass), '\\n')"
            ~ " with ordinality as lines (line, position)"
            ~ " where line !~ '^\\s*(SELECT )?\"?\\w+\"?([.]\"?\\w+\"?)?,?$')"
        ) -%}
        {%- for seed_id in base.depends_on.nodes if seed_id.startswith("seed.") -%}
            {%- set seed = graph.nodes[seed_id].relation_name -%}
            {%- do parts.append(
                "(select string_agg(s::text, '' order by s::text) from " ~ seed ~ " as s)"
            ) if ("(select string_agg(s::text, '' order by s::text) from " ~ seed ~ " as s)")
                not in parts -%}
        {%- endfor -%}
    {%- endfor -%}
    select md5({{ parts | join(" || ") }})
{%- endmacro %}
