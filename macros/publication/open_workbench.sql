{#- Before a run that builds marts: make the table of publications, wait for readers who still hold
    the version that is to be rebuilt, and give up the possibility to roll back to it. -#}
{% macro open_workbench() -%}
    {%- if execute and flags.WHICH in ("build", "run", "retry") -%}
        {%- set marts = [] -%}
        {%- for node in graph.nodes.values()
            if node.unique_id in selected_resources
            and node.resource_type == "model" and node.config.schema == "marts" -%}
            {%- do marts.append(node.name) -%}
        {%- endfor -%}
        {%- if target.name == "live" and selected_resources -%}
            {{ exceptions.raise_compiler_error(
                "The target live reads what is published and builds nothing: use prod or dev."
            ) }}
        {%- endif -%}
        {%- do run_query(publications_table_sql()) -%}
        {%- if marts -%}
            {{ open_workbench_sql() }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{% macro publications_table_sql() -%}
    create schema if not exists {{ schema_prefix() }}audit;
    create table if not exists {{ schema_prefix() }}audit.publications (
        publication_id text primary key,
        finished_at timestamp with time zone not null,
        outcome text not null,
        reason text,
        models jsonb
    );
    comment on table {{ schema_prefix() }}audit.publications is
        'One row per build of all marts: whether it was published, and why not.';
    commit
{%- endmacro %}

{% macro open_workbench_sql() -%}
    {{ return(adapter.dispatch("open_workbench_sql")()) }}
{%- endmacro %}

{% macro postgres__open_workbench_sql() -%}
    {%- set workbench = schema_prefix() ~ "marts_next" -%}
    do $workbench$
    declare
        reader record;
        deadline timestamp with time zone
            := clock_timestamp() + interval '{{ var("workbench_timeout_seconds") }} seconds';
    begin
        create schema if not exists {{ workbench }};
        loop
            select a.pid, a.usename, a.query_start, left(a.query, 300) as query
            into reader
            from pg_locks as l
            inner join pg_class as c on c.oid = l.relation
            inner join pg_stat_activity as a on a.pid = l.pid
            where
                l.database = (select oid from pg_database where datname = current_database())
                and c.relnamespace = '{{ workbench }}'::regnamespace
                and l.pid <> pg_backend_pid()
                and a.backend_type = 'client backend'
            order by a.query_start
            limit 1;
            exit when not found;
            if clock_timestamp() > deadline then
                raise exception
                    'The version before the published one is still being read, so it cannot be '
                    'rebuilt: user %, process %, since %, query: %. Wait for it, or end it with '
                    'select pg_terminate_backend(%).',
                    reader.usename, reader.pid, reader.query_start, reader.query, reader.pid;
            end if;
            perform pg_sleep(0.5);
            perform pg_stat_clear_snapshot();
        end loop;
        comment on schema {{ workbench }} is 'being built';
    end
    $workbench$
{%- endmacro %}
