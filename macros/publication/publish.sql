{#- Build, audit, publish: `marts_next` becomes `marts` in one transaction, and only when every
    node of the project was in this run and came out well. Runs at the end of every dbt command.

    Args:
        results: dbt's results of this run.

    Returns:
        SQL that publishes, or nothing where there is nothing to publish. -#}
{% macro publish(results) -%}
    {%- if execute and flags.WHICH == "build" -%}
        {%- set problem = why_not_to_publish(results) -%}
        {%- set mart_results = results
            | selectattr("node.resource_type", "equalto", "model")
            | selectattr("node.config.schema", "equalto", "marts") | list -%}
        {%- if not mart_results -%}
        {%- elif problem.partial -%}
            {{ log("Nothing is published: " ~ problem.partial, info=true) }}
        {%- elif problem.failed -%}
            {{ log(
                "Nothing is published. Readers keep the current version: "
                ~ problem.failed, info=true
            ) }}
            {{ record_publication_sql("failed", problem.failed) }}
        {%- else -%}
            {{ log("Publishing " ~ mart_results | length ~ " marts", info=true) }}
            {{ publication_sql(mart_results) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{#- Say why this run must not be published: it was partial, or something in it failed. -#}
{% macro why_not_to_publish(results) -%}
    {%- set problem = namespace(partial="", failed="") -%}
    {%- set in_run = results | map(attribute="node.unique_id") | list -%}
    {%- set missing = [] -%}
    {%- for node in graph.nodes.values()
        if node.resource_type in ("model", "seed", "snapshot", "test")
        and node.unique_id not in in_run -%}
        {%- do missing.append(node.name) -%}
    {%- endfor -%}
    {#- unit tests judge the code, not what was built: a run may leave them out -#}
    {%- set narrowed = (invocation_args_dict.get("exclude_resource_types") or [])
        | reject("equalto", "unit_test") | list
        or invocation_args_dict.get("resource_types") -%}
    {%- if missing or narrowed -%}
        {%- set problem.partial = "this run contained only part of the project ("
            ~ missing | length ~ " nodes were missing)" -%}
    {%- endif -%}
    {%- set failed = [] -%}
    {%- set skipped = [] -%}
    {%- for result in results
        if result.node.resource_type not in ("exposure", "saved_query")
        and result.status not in ("success", "pass") -%}
        {%- do (skipped if result.status == "skipped" else failed).append(result.node.name) -%}
    {%- endfor -%}
    {%- if failed or skipped -%}
        {%- set problem.failed = "failed: " ~ failed | join(", ")
            ~ ("; skipped because of that: " ~ skipped | length if skipped else "") -%}
    {%- endif -%}
    {{ return(problem) }}
{%- endmacro %}

{#- Everything that makes the audited build the published one. -#}
{% macro publication_sql(mart_results) -%}
    {{ return(adapter.dispatch("publication_sql")(mart_results)) }}
{%- endmacro %}

{% macro postgres__publication_sql(mart_results) -%}
    {%- set names = mart_results | map(attribute="node.alias") | list -%}
    {%- set workbench = schema_prefix() ~ "marts_next" -%}
    do $publication$
    declare
        stray text;
        relation text;
        relation_rows bigint;
        published jsonb := '{}';
        built_generation text;
    begin
        -- a model that left the project leaves the published schema, too
        for stray in
            select c.oid::regclass::text
            from pg_class as c
            where
                c.relnamespace = '{{ workbench }}'::regnamespace
                and c.relkind in ('r', 'v', 'm')
                and c.relname <> all (array['{{ names | join("', '") }}'])
        loop
            execute 'drop table ' || stray || ' cascade';
        end loop;
        {% for statement in foreign_key_statements(mart_results) %}
        {{ statement }}
        {% endfor %}
        {{ table_rights_sql(names) }}
        foreach relation in array array['{{ names | join("', '") }}'] loop
            execute format('analyze {{ workbench }}.%I', relation);
            execute format('select count(*) from {{ workbench }}.%I', relation) into relation_rows;
            published := published || jsonb_build_object(relation, relation_rows);
        end loop;
        {{ generation_of(workbench) }} into built_generation;
        -- who reads the marts sees by it how old they are
        execute format(
            'comment on schema {{ workbench }} is %L',
            'publication {{ invocation_id }}, '
            || to_char(clock_timestamp() at time zone 'UTC', 'FMDD FMMonth YYYY, HH24:MI "UTC"')
        );
        {{ swap_sql() }}
        insert into {{ schema_prefix() }}audit.publications
            (publication_id, finished_at, outcome, generation, models)
        values (
            '{{ invocation_id }}', clock_timestamp(), 'published', built_generation, published
        );
    end
    $publication$
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
        current_timestamp,
        '{{ outcome }}',
        '{{ reason | replace("'", "''") }}'
    )
{%- endmacro %}
