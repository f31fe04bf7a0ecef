{#- Let `marts` and `marts_next` change their names.

    A statement that resolves two names in the moment of the swap could see one old table and one
    new: so all tables are locked first. The lock waits a moment only, then lets go and tries again:
    readers must not queue behind a swap that itself waits for a long query. -#}
{% macro postgres__swap_sql() -%}
    {%- set published = schema_prefix() ~ "marts" -%}
    {%- set workbench = schema_prefix() ~ "marts_next" -%}
    {%- set live = schema_prefix() ~ "live" -%}
    create schema if not exists {{ published }};
    create schema if not exists {{ live }};
    create schema if not exists {{ live }}_next;
    set local lock_timeout = '{{ var("swap_lock_timeout_milliseconds") }}ms';
    do $swap$
    declare
        relations text;
    begin
        for attempt in 1..{{ var("swap_attempts") }} loop
            begin
                select string_agg(oid::regclass::text, ', ' order by relname, relnamespace)
                into relations
                from pg_class
                where
                    relnamespace in ('{{ published }}'::regnamespace, '{{ workbench }}'::regnamespace)
                    and relkind in ('r', 'v');
                execute 'lock table ' || relations || ' in access exclusive mode';
                alter schema {{ published }} rename to {{ published }}_swapping;
                alter schema {{ workbench }} rename to {{ published }};
                alter schema {{ published }}_swapping rename to {{ workbench }};
                -- the views that show what has landed since go with the tables that they read
                alter schema {{ live }} rename to {{ live }}_swapping;
                alter schema {{ live }}_next rename to {{ live }};
                alter schema {{ live }}_swapping rename to {{ live }}_next;
                {%- if not schema_prefix() %}
                -- a developer's own schemas stay closed
                grant usage on schema {{ published }}, {{ live }} to reader, branch_manager;
                revoke all on schema {{ workbench }}, {{ live }}_next from reader, branch_manager;
                {%- endif %}
                return;
            exception when lock_not_available then
                -- the failed attempt's locks are gone: let the queue behind us pass
                perform pg_sleep(random() * 0.3);
            end;
        end loop;
        raise exception
            'Not published: queries have kept the tables of {{ published }} or {{ workbench }} '
            'busy through {{ var("swap_attempts") }} attempts. The build is complete and '
            'audited: run it again when they have ended.';
    end
    $swap$;
{%- endmacro %}
