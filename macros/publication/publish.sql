{#- Build, audit, publish: `marts_next` becomes `marts` in one transaction, and only when every
    node of the project was in this run and came out well. Runs at the end of every dbt command.

    Args:
        results: dbt's results of this run.

    Returns:
        SQL that publishes, or nothing where there is nothing to publish. -#}
{% macro publish(results) -%}
    {%- set marts = (results if execute and flags.WHICH == "build" else [])
        | map(attribute="node")
        | selectattr("resource_type", "equalto", "model")
        | selectattr("config.schema", "equalto", "marts") | list -%}
    {%- if marts -%}
        {%- set partial = what_was_left_out(results) -%}
        {%- set failed = what_failed(results) -%}
        {%- if partial -%}
            {{ log("Nothing is published: " ~ partial, info=true) }}
        {%- elif failed -%}
            {{ log(
                "Nothing is published. Readers keep the current version: " ~ failed, info=true
            ) }}
            {{ record_publication_sql("failed", failed) }}
        {%- else -%}
            {{ log("Publishing " ~ marts | length ~ " marts", info=true) }}
            {{ adapter.dispatch("publication_sql")(marts) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{#- Say that a run contained only part of the project; nothing, where it contained all. Tests of models
    that are switched off are in dbt's graph, switched off, too. -#}
{% macro what_was_left_out(results) -%}
    {%- set missing = graph.nodes.values()
        | selectattr("resource_type", "in", ["model", "seed", "snapshot", "test"])
        | selectattr("config.enabled")
        | rejectattr("unique_id", "in", results | map(attribute="node.unique_id") | list) | list -%}
    {#- unit tests judge the code, not what was built: a run may leave them out -#}
    {%- set narrowed = (invocation_args_dict.get("exclude_resource_types") or [])
        | reject("equalto", "unit_test") | list
        or invocation_args_dict.get("resource_types") -%}
    {%- if missing or narrowed -%}
        this run contained only part of the project ({{ missing | length }} nodes were missing)
    {%- endif -%}
{%- endmacro %}

{#- Say what failed in a run; nothing, where all is well. -#}
{% macro what_failed(results) -%}
    {%- set bad = results | rejectattr("node.resource_type", "in", ["exposure", "saved_query"])
        | rejectattr("status", "in", ["success", "pass", "warn"]) | list -%}
    {%- set skipped = bad | selectattr("status", "equalto", "skipped") | list -%}
    {%- if bad -%}
        failed: {{ bad | rejectattr("status", "equalto", "skipped")
            | map(attribute="node.name") | join(", ") }}
        {{- "; skipped because of that: " ~ skipped | length if skipped }}
    {%- endif -%}
{%- endmacro %}

{#- Everything that makes the audited build the published one.

    Args:
        marts: dbt's nodes of all marts. -#}
{% macro postgres__publication_sql(marts) -%}
    {%- set workbench = schema_prefix() ~ "marts_next" -%}
    {%- set with_branch = run_query(
        "select table_name from information_schema.columns where column_name = 'branch_id'"
        ~ " and table_schema = '" ~ workbench ~ "'"
    ).columns[0].values() -%}
    {#- a model that left the project leaves the published schema, too -#}
    {%- set names = marts | map(attribute="alias") | list -%}
    {%- for row in list_relations_without_caching(marts[0]) if row["name"] not in names %}
    {{ get_drop_sql(api.Relation.create(
        schema=workbench, identifier=row["name"], type=row["type"]
    )) }};
    {%- endfor %}
    {%- for mart in marts %}
    {%- for constraint in mart.constraints if constraint.type == "foreign_key" %}
    alter table {{ mart.relation_name }} add {{ adapter.render_raw_model_constraints(
        raw_constraints=[constraint.to_dict()]
    )[0] }};
    {%- endfor %}
    {{ adapter.dispatch("table_rights_sql")(
        mart.relation_name, mart.alias in with_branch, mart.config.meta.get("company_wide")
    ) }}
    {%- endfor %}
    {{ drop_old_live_views() }}
    insert into {{ schema_prefix() }}audit.publications
        (publication_id, finished_at, outcome, generation, models)
    select
        '{{ invocation_id }}',
        clock_timestamp(),
        'published',
        {{ generation_of("marts_next") }},
        jsonb_object_agg(mart, row_count)
    from (
        {%- for mart in marts %}
        select '{{ mart.alias }}' as mart, count(*) as row_count from {{ mart.relation_name }}
        {{- " union all" if not loop.last }}
        {%- endfor %}
    ) as counted;
    -- who reads the marts sees by it how old they are
    do $version$
    begin
        execute format(
            'comment on schema {{ workbench }} is %L',
            'publication {{ invocation_id }} of generation ' || {{ generation_of("marts_next") }}
            || to_char(clock_timestamp() at time zone 'UTC', ', FMDD FMMonth YYYY, HH24:MI "UTC"')
        );
    end
    $version$;
    {{ adapter.dispatch("swap_sql")() }}
{%- endmacro %}

{#- Drop the views of live that have left the project. -#}
{% macro drop_old_live_views() -%}
    {%- set names = graph.nodes.values() | selectattr("config.schema", "equalto", "live")
        | selectattr("config.enabled") | map(attribute="alias") | list -%}
    {%- for row in run_query(
        "select viewname from pg_views where schemaname = '" ~ schema_prefix() ~ "live_next'"
    ) if row[0] not in names %}
    drop view if exists {{ schema_prefix() }}live_next.{{ row[0] }} cascade;
    {%- endfor %}
{%- endmacro %}

{#- Record a build that was not published.

    Args:
        outcome: `failed` or `rolled back`.
        reason: what the data engineer on call has to know. -#}
{% macro record_publication_sql(outcome, reason) -%}
    insert into {{ schema_prefix() }}audit.publications
        (publication_id, finished_at, outcome, reason)
    values (
        '{{ invocation_id }}',
        clock_timestamp(),
        '{{ outcome }}',
        '{{ reason | replace("'", "''") }}'
    )
{%- endmacro %}
