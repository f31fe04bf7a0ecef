{#- The tables whose records are judged, as `vars.systems` in dbt_project.yml lists them.

    Returns:
        A list of dictionaries. `base` is the base model: it has `branch_id`, `load_id`, `deleted_at`,
        `_errors` and `raw_record`. SQL of what it holds: `source` and `table`, as the quarantine calls
        them, `key`, company-wide, and `scope`, by which its loads go. `part_of_order` and `at`: see
        there. -#}
{% macro judged_tables() -%}
    {%- set judged = [] -%}
    {%- for system, declared in var("systems").items() -%}
        {%- for name, table in declared.tables.items() -%}
            {%- set by = declared.get("loads_go_by", "''") -%}
            {%- set named = by if by in ("feed", "stream") else "'" ~ name ~ "'" -%}
            {%- do judged.append({
                "base": ref("base_" ~ system ~ "__" ~ name),
                "source": declared.get("loaded_with", system),
                "table": named,
                "key": table.key,
                "scope": named if by in ("feed", "stream") else by,
                "part_of_order": table.get("part_of_order"),
                "at": table.get("at"),
            }) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(judged) }}
{%- endmacro %}

{#- The feeds that are the export of a till without a database, by name. -#}
{% macro till_exports() -%}
    {{ return(var("systems").get("exports", {}).get("feeds", [])) }}
{%- endmacro %}

{#- The columns in which the records of all tables are the same.

    Args:
        table: from `judged_tables`. -#}
{% macro judged_columns(table) -%}
    {%- set key = "records." ~ table.key -%}
    select
        {{ dbt.concat(["'" ~ table.source ~ "-'", table.table, "'-'", key]) }} as quarantine_key,
        '{{ table.source }}' as source_name,
        {{ table.table }} as table_name,
        {{ key }} as record_key,
        records.branch_id,
        cast({{ "records.order_id" if table.part_of_order else "null" }} as {{ dbt.type_string() }})
            as order_id,
        cast({{ "records." ~ table.at if table.at else "null" }} as timestamp with time zone)
            as happened_at,
        records.load_id,
        records.raw_record,
        records._errors as reasons
{%- endmacro %}

{#- Before records are judged: remember up to which load they are, and by which rules. What is
    published is judged; later runs look at what came after, and at all when the rules have changed. -#}
{% macro remember_judgement() -%}
    {{ return(adapter.dispatch("remember_judgement")()) }}
{%- endmacro %}

{% macro postgres__remember_judgement() -%}
    {%- set judgements = schema_prefix() ~ "audit.judgements" -%}
    {%- set rules = adapter.dispatch("rules_sql")() -%}
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
    {#- the rules are worked out once: the text of a large view takes its time -#}
    insert into {{ judgements }} (publication_id, source_name, scope, load_id, rules)
    select '{{ invocation_id }}', judged.source_name, judged.scope, judged.load_id, known.rules
    from (
        select '' as source_name, '' as scope, '' as load_id where false
        {%- for system, declared in var("systems").items() if not declared.loaded_with %}
        {%- set scope = declared.get("loads_go_by", "cast('' as text)") %}
        union all
        select '{{ system }}', {{ scope }}, max(load_id)
        from {{ ref("stg_" ~ system ~ "__loads") }}
        where is_complete
        group by {{ scope }}
        {%- endfor %}
    ) as judged
    cross join (select ({{ rules }}) as rules) as known
    on conflict (publication_id, source_name, scope) do nothing;
{%- endmacro %}

{#- The condition that a record is to be judged: it came with a load that the published version has
    not seen as complete, or the rules have changed since.

    Args:
        table: from `judged_tables`.
        judgement: from `last_judgement`. -#}
{% macro is_to_judge(table, judgement) -%}
    {{ is_new_or_unknown(
        judgement | selectattr("source_name", "equalto", table.source) | list, table.scope
    ) }}
{%- endmacro %}

{#- The loads up to which the published version's records are judged; none where it has none, where
    its rules were others, or with --full-refresh: then all records are to be judged. -#}
{% macro last_judgement() -%}
    {%- set is_known = is_incremental() and not flags.FULL_REFRESH
        and adapter.get_relation(this.database, this.schema, "judgements") -%}
    {%- set audit = schema_prefix() ~ "audit." -%}
    {{ return(run_query(
        "select source_name, scope, load_id as watermark from " ~ audit ~ "judgements"
        ~ " where rules = (" ~ adapter.dispatch("rules_sql")() ~ ") and publication_id = ("
        ~ "select publication_id from " ~ audit ~ "publications"
        ~ " where outcome = 'published' order by finished_at desc limit 1)"
    ) if is_known else []) }}
{%- endmacro %}

{#- A query for a fingerprint of the rules: the text of the systems' base models, as the database knows it,
    without the lines that only name a column (a new one at a source is no new rule), and the seeds
    that they look things up in. -#}
{% macro postgres__rules_sql() -%}
    {#- what the quarantine is built from, near and far: other base models may be built after it -#}
    {%- set nodes = graph.get("nodes", {}) -%}
    {%- set found = ["model.mypizza.quarantine"] if nodes else [] -%}
    {%- set bases = [] -%}
    {%- set seeds = [] -%}
    {%- for name in found -%}
        {%- for parent in nodes[name].depends_on.nodes if parent in nodes and parent not in found -%}
            {%- do found.append(parent) -%}
        {%- endfor -%}
        {%- if ".base_" in name -%}
            {%- do bases.append(nodes[name].relation_name) -%}
        {%- elif name.startswith("seed.") -%}
            {%- do seeds.append(nodes[name].relation_name) -%}
        {%- endif -%}
    {%- endfor -%}
    select md5(concat(
        (
            select string_agg(line, '' order by cast(base as text), position)
            from unnest(array['{{ bases | join("', '") }}']::regclass[]) as base
            cross join regexp_split_to_table(pg_get_viewdef(base), '\n')
                with ordinality as lines (line, position)
            where line !~ '^\s*(SELECT )?"?\w+"?([.]"?\w+"?)?,?$'
        )
        {%- for seed in seeds | sort %},
        (select string_agg(s::text, '' order by s::text) from {{ seed }} as s)
        {%- endfor %}
    ))
{%- endmacro %}
