{#- Who may read the marts, as part of their publication: on the new tables before the swap, and on
    the two schemas within it, so no moment shows more or less than it should.

    The roles `reader`, `branch_manager` and `manager_<branch>` are made by `mypizza init-warehouse`.
    A reader sees all rows. A branch manager sees, of a mart with a `branch_id`, the rows of the
    branches whose role he has; the list of these is made once per query, not per row. -#}

{#- Refuse to write as anyone but `transformer`: what dbt builds would belong to somebody else, and
    the next build could not replace it. -#}
{% macro refuse_other_roles() -%}
    {%- if execute and flags.WHICH in ("build", "run", "retry", "seed", "snapshot", "test") -%}
        {{ return(adapter.dispatch("refuse_other_roles")()) }}
    {%- endif -%}
{%- endmacro %}

{% macro postgres__refuse_other_roles() -%}
    {%- set user = run_query("select current_user")[0][0] -%}
    {%- if user != "transformer" -%}
        {{ exceptions.raise_compiler_error(
            "dbt works as " ~ user ~ ", not in the role transformer: delete profiles.yml, and "
            "mypizza copies profiles.yml.example again; or add its line search_path."
        ) }}
    {%- endif -%}
{%- endmacro %}

{#- Statements that give the tables of the workbench their grants and row policies, inside a
    PL/pgSQL block.

    Args:
        names: the marts. -#}
{% macro table_rights_sql(names) -%}
    {{ return(adapter.dispatch("table_rights_sql")(names)) }}
{%- endmacro %}

{% macro postgres__table_rights_sql(names) -%}
    {%- set workbench = schema_prefix() ~ "marts_next" -%}
    {%- set company_wide = [] -%}
    {%- for node in graph.nodes.values() if node.config.get("meta", {}).get("company_wide") -%}
        {%- do company_wide.append(node.name) -%}
    {%- endfor -%}
    declare
        mart record;
    begin
        for mart in
            select
                c.oid::regclass as name,
                c.relkind <> 'r' as is_view,
                exists (
                    select 1 from pg_attribute as a
                    where a.attrelid = c.oid and a.attname = 'branch_id' and not a.attisdropped
                ) as has_branch,
                c.relname = any (array['{{ company_wide | join("', '") }}']) as is_company_wide
            from pg_class as c
            where
                c.relnamespace = '{{ workbench }}'::regnamespace
                and c.relname = any (array['{{ names | join("', '") }}'])
        loop
            if mart.has_branch then
                if mart.is_view then
                    raise exception
                        'The mart % has a branch_id and is a view, which can have no row policy: '
                        'make it a table.', mart.name;
                end if;
                execute format('alter table %s enable row level security', mart.name);
                execute format('drop policy if exists readers_see_all on %s', mart.name);
                execute format(
                    'create policy readers_see_all on %s for select to reader using (true)',
                    mart.name
                );
                execute format('drop policy if exists managers_see_their_branch on %s', mart.name);
                execute format(
                    'create policy managers_see_their_branch on %s for select to branch_manager '
                    'using (branch_id = any (array({{ branches_managed_sql() }})))', mart.name
                );
            end if;
            if mart.is_company_wide then
                -- figures of all branches in one row: a manager of a branch sees none of them
                execute format('alter table %s enable row level security', mart.name);
                execute format('drop policy if exists readers_see_all on %s', mart.name);
                execute format(
                    'create policy readers_see_all on %s for select to reader using (true)',
                    mart.name
                );
            end if;
            -- without `references`, information_schema, from which Power BI reads how tables
            -- join, hides the foreign keys of tables that one may only read; who may make no
            -- table can do nothing else with it
            execute format('grant select, references on %s to reader, branch_manager', mart.name);
        end loop;
    end;
{%- endmacro %}

{#- A query for the branches whose role `manager_<branch>` the current user has; in a literal. -#}
{% macro branches_managed_sql() -%}
    select substr(rolname, 9) from pg_roles
    where starts_with(rolname, ''manager_'') and pg_has_role(oid, ''usage'')
{%- endmacro %}

{#- Statements that open the published schema to its readers, and close the workbench. A developer's
    own schemas stay closed. -#}
{% macro schema_rights_sql() -%}
    {%- if not schema_prefix() -%}
        {{ return(adapter.dispatch("schema_rights_sql")()) }}
    {%- endif -%}
{%- endmacro %}

{% macro postgres__schema_rights_sql() -%}
    grant usage on schema marts to reader, branch_manager;
    revoke all on schema marts_next from reader, branch_manager;
{%- endmacro %}
