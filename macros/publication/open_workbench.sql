{#- Before a run that builds marts: make the table of publications, wait for readers who still hold
    the version that is to be rebuilt, and give up the possibility to roll back to it. Its foreign
    keys go: a fact that is rebuilt in parts deletes rows that another fact still points at, and
    brings rows that point at what is not built yet.

    There are two versions of every incremental mart, and a full refresh rebuilds but one of them.
    So each version has a generation: the full refresh that it descends from. Where the workbench's
    generation is not the published one, its incremental marts are dropped, and built from scratch;
    so is one whose columns are not those of its contract any more. -#}
{% macro open_workbench() -%}
    {%- if execute and flags.WHICH in ("build", "run", "retry") and selected_resources -%}
        {%- if target.name == "live" -%}
            {{ exceptions.raise_compiler_error(
                "The target live reads the published version and cannot build: use prod or dev."
            ) }}
        {%- endif -%}
        {%- do run_query(publications_table_sql()) -%}
        {%- set marts = graph.nodes.values()
            | selectattr("resource_type", "equalto", "model")
            | selectattr("config.schema", "equalto", "marts") | list -%}
        {%- if marts | selectattr("unique_id", "in", selected_resources) | list -%}
            {%- do run_query(adapter.dispatch("empty_workbench_sql")()) -%}
            {%- set published, workbench = run_query(
                "select " ~ generation_of("marts") ~ ", " ~ generation_of("marts_next")
            )[0] -%}
            {#- a changed model or release begins a generation, too -#}
            {%- set release = "-v" ~ var("version_of_facts") ~ "-" ~ models_of_facts(marts) -%}
            {#- a build that was not published goes on from where it stopped -#}
            {%- set known, same = [published, workbench] | select("string") | list, [] -%}
            {%- for version in known if version.endswith(release) -%}
                {%- do same.append(version) -%}
            {%- endfor -%}
            {%- set generation = same[0] if same and not flags.FULL_REFRESH
                else invocation_id ~ release -%}
            {%- if known and not same and not flags.FULL_REFRESH -%}
                {%- do log(
                    "A model that the facts are built from has changed, has come or has gone: the "
                    ~ "facts are built from scratch, as with --full-refresh.", info=true
                ) -%}
            {%- endif -%}
            {%- for mart in marts if mart.config.materialized == "incremental" -%}
                {%- set built = api.Relation.create(
                    database=mart.database, schema=mart.schema, identifier=mart.alias, type="table"
                ) -%}
                {#- of a full refresh now, so that a killed one leaves no old rows to go on with -#}
                {%- set is_meant = (
                    not flags.FULL_REFRESH or not same or mart.unique_id in selected_resources
                ) -%}
                {%- if (workbench != generation and is_meant)
                    or has_other_columns(built, mart.columns) -%}
                    {#- by the adapter, so that dbt knows that it is gone -#}
                    {%- do adapter.drop_relation(built) -%}
                {%- endif -%}
            {%- endfor -%}
            comment on schema {{ schema_prefix() }}marts_next
            is 'being built: generation {{ generation }}';
            commit
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{#- A hash of the SQL of the incremental marts and of all models that they are made from, without lines
    that are comments. If it has changed, their rows were built by older SQL.

    Args:
        marts: dbt's nodes of all marts. -#}
{% macro models_of_facts(marts) -%}
    {%- set found = marts | selectattr("config.materialized", "equalto", "incremental")
        | map(attribute="unique_id") | list -%}
    {#- the list grows during the loop -#}
    {%- for unique_id in found -%}
        {%- for parent in graph.nodes[unique_id].depends_on.nodes
            if parent.startswith("model.") and parent not in found -%}
            {%- do found.append(parent) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- set sums = [] -%}
    {%- for unique_id in found | sort -%}
        {%- do sums.append(unique_id ~ modules.re.sub(
            "(?m)^\\s*(--.*)?$\n?", "", graph.nodes[unique_id].raw_code
        )) -%}
    {%- endfor -%}
    {{ return(local_md5(sums | join)) }}
{%- endmacro %}

{% macro publications_table_sql() -%}
    create schema if not exists {{ schema_prefix() }}audit;
    create table if not exists {{ schema_prefix() }}audit.publications (
        publication_id text primary key,
        finished_at timestamp with time zone not null,
        outcome text not null,
        generation text,
        reason text,
        models jsonb
    );
    comment on table {{ schema_prefix() }}audit.publications is
        'One row per build of all marts: whether it was published, and why not.';
    commit
{%- endmacro %}

{#- Wait for the workbench's readers, and take the foreign keys off its tables. -#}
{% macro postgres__empty_workbench_sql() -%}
    {%- set workbench = schema_prefix() ~ "marts_next" -%}
    do $workbench$
    declare
        reader record;
        foreign_key record;
        deadline timestamp with time zone
            := clock_timestamp() + interval '{{ var("workbench_timeout_seconds") }} seconds';
    begin
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
                -- hidden where the server lets transformer not see others' queries
                and coalesce(a.backend_type, 'client backend') = 'client backend'
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
        for foreign_key in
            select conname, conrelid::regclass as relation
            from pg_constraint
            where contype = 'f' and connamespace = '{{ workbench }}'::regnamespace
        loop
            execute format(
                'alter table %s drop constraint %I', foreign_key.relation, foreign_key.conname
            );
        end loop;
    end
    $workbench$;
    commit
{%- endmacro %}

{#- Whether the columns of a built mart differ from those of its contract: an upgrade has new ones.

    Args:
        built: the relation.
        columns: the contract's columns. -#}
{% macro has_other_columns(built, columns) -%}
    {%- set found, wanted = [], [] -%}
    {%- for column in adapter.get_columns_in_relation(built) -%}
        {%- do found.append(column.name ~ " " ~ column.data_type | replace(" ", "")) -%}
    {%- endfor -%}
    {%- for column in columns.values() -%}
        {%- do wanted.append(column.name ~ " " ~ column.data_type | replace(" ", "")) -%}
    {%- endfor -%}
    {{ return(found | sort != wanted | sort) }}
{%- endmacro %}

{#- What this build will be called, if it is published. -#}
{% macro this_publication() -%} {{ return(invocation_id) }} {%- endmacro %}

{#- A mart as it is published; none where it is not, and where the published version is read itself. -#}
{% macro published_relation(name) -%}
    {{ return(
        adapter.get_relation(target.database, schema_prefix() ~ "marts", name)
        if execute and target.name != "live" else none
    ) }}
{%- endmacro %}

{#- SQL of the version that a schema holds, as the comment on it says: a publication, or a build
    that has begun.

    Args:
        schema_name: the schema. -#}
{% macro version_of(schema_name) -%}
    obj_description(to_regnamespace('{{ schema_prefix() ~ schema_name }}'), 'pg_namespace')
{%- endmacro %}

{#- SQL of that version's generation. -#}
{% macro generation_of(schema_name) -%}
    substring({{ version_of(schema_name) }} from 'generation ([^,]+)')
{%- endmacro %}
