{#- Before a run that builds marts: take the foreign keys off the version that is to be rebuilt.
    A fact that is rebuilt in parts deletes rows that another fact still points at, and brings rows
    that point at what is not built yet. The publication adds them again. -#}
{% macro drop_workbench_foreign_keys() -%}
    {%- if execute and flags.WHICH in ("build", "run", "retry") and selected_resources -%}
        {{ return(adapter.dispatch("drop_workbench_foreign_keys")()) }}
    {%- endif -%}
{%- endmacro %}

{% macro postgres__drop_workbench_foreign_keys() -%}
    do $foreign_keys$
    declare
        foreign_key record;
    begin
        for foreign_key in
            select conname, conrelid::regclass as relation
            from pg_constraint
            where
                contype = 'f'
                and connamespace = to_regnamespace('{{ schema_prefix() }}marts_next')
        loop
            execute format(
                'alter table %s drop constraint %I', foreign_key.relation, foreign_key.conname
            );
        end loop;
    end
    $foreign_keys$
{%- endmacro %}
