{#- dbt's own macro, for tests with a `where`; ours knows the words `__new_rows__` and, for what
    comes by streams, `__new_messages__` and `__new_readings__`.

    Args:
        relation: the relation that is tested. -#}
{% macro default__get_where_subquery(relation) -%}
    {%- set where = config.get("where") or "" -%}
    {%- if "__new_rows__" in where -%}
        {%- set where = where | replace("__new_rows__", new_rows()) -%}
    {%- elif "__new_messages__" in where -%}
        {%- set where = where | replace("__new_messages__", new_messages()) -%}
    {%- elif "__new_readings__" in where -%}
        {%- set where = where | replace("__new_readings__", new_readings()) -%}
    {%- endif -%}
    {%- if where -%}
        (select * from {{ relation }} where {{ where }}) as tested_rows
    {%- else -%}
        {{ relation }}
    {%- endif -%}
{%- endmacro %}

{#- The condition that a row came with a load after those in the published marts.

    A test that looks at rows one by one need not look again at what was tested before it was
    published: a row that changes gets a new load. So such a test costs what the change costs.
    Without a published version, and with --full-refresh, all rows are new.

    Args:
        load_id: the column of the load. -#}
{% macro new_rows(load_id="load_id") -%}
    {%- set fact = adapter.get_relation(
        target.database, schema_prefix() ~ "marts", "fct_orders"
    ) if execute and not flags.FULL_REFRESH -%}
    {%- set branches = fact.incorporate(path={"identifier": "dim_branches"}) if fact -%}
    {%- set watermarks = run_query(watermarks_sql(branches, fact)) if fact else [] -%}
    {{ is_new_or_unknown(watermarks, load_id=load_id) }}
{%- endmacro %}

{#- The condition that a message came with a load after those that the published quarantine has judged;
    all messages, where there is none, and with --full-refresh. -#}
{% macro new_messages() -%}
    {%- set audit = schema_prefix() ~ "audit" -%}
    {%- set is_known = execute and not flags.FULL_REFRESH
        and adapter.get_relation(target.database, audit, "judgements") -%}
    {{ is_new_or_unknown(run_query(
        "select scope, load_id as watermark from " ~ audit ~ ".judgements"
        ~ " where source_name = 'streams' and publication_id = ("
        ~ "select publication_id from " ~ audit ~ ".publications"
        ~ " where outcome = 'published' order by finished_at desc limit 1)"
    ) if is_known else [], "stream") }}
{%- endmacro %}

{#- The condition that a reading came with a load after those of the published readings: one load has
    those of all branches. -#}
{% macro new_readings() -%}
    {%- set published = adapter.get_relation(
        target.database, schema_prefix() ~ "marts", "fct_sensor_readings"
    ) if execute and not flags.FULL_REFRESH -%}
    {%- if published -%} load_id > (select coalesce(max(load_id), '') from {{ published }})
    {%- else -%} 1 = 1
    {%- endif -%}
{%- endmacro %}
