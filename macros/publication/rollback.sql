{#- Publish again what was published before, at once: the two schemas change back their names.
    Lasts until the next build begins, because that build works in the old version. -#}
{% macro rollback() -%}
    {%- if target.name == "live" -%}
        {{ exceptions.raise_compiler_error("rollback runs on the target that builds, not on live") }}
    {%- endif -%}
    {%- do run_query(publications_table_sql()) -%}
    {%- do run_query(rollback_sql()) -%}
    {{ log("Rolled back: marts is the previous version.", info=true) }}
{%- endmacro %}

{% macro rollback_sql() -%}
    {{ return(adapter.dispatch("rollback_sql")()) }}
{%- endmacro %}

{% macro postgres__rollback_sql() -%}
    do $rollback$
    declare
        version_before text := obj_description(
            to_regnamespace('{{ schema_prefix() }}marts_next'), 'pg_namespace'
        );
    begin
        if version_before is null or version_before not like 'publication %' then
            raise exception
                'There is no version to roll back to: nothing was published before, or a build has '
                'begun since and works in the old version.';
        end if;
        {{ swap_sql() }}
        insert into {{ schema_prefix() }}audit.publications
            (publication_id, finished_at, outcome, reason)
        values (
            '{{ invocation_id }}', clock_timestamp(), 'rolled back', 'back to ' || version_before
        );
    end
    $rollback$;
    commit
{%- endmacro %}
