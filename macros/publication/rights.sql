{#- Who may read the marts, as part of their publication: on the new tables before the swap, and on
    the two schemas within it, so no moment shows more or less than it should.

    The roles `reader`, `branch_manager` and `manager_<branch>` are made by `mypizza init-warehouse`.
    A reader sees all rows. A branch manager sees, of a mart with a `branch_id`, the rows of the
    branches whose role he has; the list of these is made once per query, not per row. Of a mart
    with figures of all branches in one row, he sees none. -#}

{#- Refuse to write as anyone but `transformer`: what dbt builds would belong to somebody else, and
    the next build could not replace it. -#}
{% macro refuse_other_roles() -%}
    {%- if execute and flags.WHICH in ("build", "run", "retry", "seed", "snapshot", "test") -%}
        {%- set user = run_query("select current_user")[0][0] -%}
        {%- if user != "transformer" -%}
            {{ exceptions.raise_compiler_error(
                "dbt works as " ~ user ~ ", not in the role transformer: delete profiles.yml, and "
                "mypizza copies profiles.yml.example again; or add its line search_path."
            ) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{#- The branches that who asks is a manager of, as an array. -#}
{% macro own_branches() -%}
    array(
        select substr(rolname, 9) from pg_roles
        where starts_with(rolname, 'manager_') and pg_has_role(oid, 'usage')
    )
{%- endmacro %}

{#- Statements that give a table its grants and row policies.

    Args:
        relation: the table.
        has_branch: whether it has a `branch_id`.
        is_company_wide: whether it has figures of all branches in one row. -#}
{% macro postgres__table_rights_sql(relation, has_branch, is_company_wide) -%}
    {%- if has_branch or is_company_wide %}
    alter table {{ relation }} enable row level security;
    drop policy if exists readers_see_all on {{ relation }};
    create policy readers_see_all on {{ relation }} for select to reader using (true);
    {%- endif %}
    {%- if has_branch %}
    drop policy if exists managers_see_their_branch on {{ relation }};
    create policy managers_see_their_branch on {{ relation }} for select to branch_manager
    using (branch_id = any ({{ own_branches() }}));
    {%- endif %}
    -- without `references`, information_schema, from which Power BI reads how tables join, hides
    -- the foreign keys of tables that one may only read; who may make no table can do nothing
    -- else with it
    grant select, references on {{ relation }} to reader, branch_manager;
{%- endmacro %}
