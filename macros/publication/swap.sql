{#- Let `marts` and `marts_next` change their names, inside a PL/pgSQL block.

    A statement that resolves two names in the moment of the swap could see one old table and one
    new: so all tables are locked first. The lock waits a moment only, then lets go and tries again:
    readers must not queue behind a swap that itself waits for a long query. -#}
{% macro swap_sql() -%}
    {%- set published = schema_prefix() ~ "marts" -%}
    {%- set workbench = schema_prefix() ~ "marts_next" -%}
    declare
        relations text;
        swapped boolean := false;
    begin
        perform set_config(
            'lock_timeout', '{{ var("swap_lock_timeout_milliseconds") }}ms', true
        );
        for attempt in 1..{{ var("swap_attempts") }} loop
            begin
                select string_agg(format('%I.%I', n.nspname, c.relname), ', ' order by c.relname, n.nspname)
                into relations
                from pg_class as c
                inner join pg_namespace as n on n.oid = c.relnamespace
                where n.nspname in ('{{ published }}', '{{ workbench }}') and c.relkind in ('r', 'v');
                execute 'lock table ' || relations || ' in access exclusive mode';
                if to_regnamespace('{{ published }}') is not null then
                    alter schema {{ published }} rename to {{ published }}_swapping;
                end if;
                alter schema {{ workbench }} rename to {{ published }};
                if to_regnamespace('{{ published }}_swapping') is not null then
                    alter schema {{ published }}_swapping rename to {{ workbench }};
                else
                    create schema {{ workbench }};
                end if;
                {{ schema_rights_sql() }}
                swapped := true;
                exit;
            exception when lock_not_available then
                -- the failed attempt's locks are gone: let the queue behind us pass
                perform pg_sleep(random() * 0.3);
            end;
        end loop;
        if not swapped then
            raise exception
                'Not published: queries have kept the tables of {{ published }} or {{ workbench }} '
                'busy through {{ var("swap_attempts") }} attempts. The build is complete and '
                'audited: run it again when they have ended.';
        end if;
    end;
{%- endmacro %}
