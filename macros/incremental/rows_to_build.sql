{#- What a fact of orders reads: all rows of a relation that are to be built, with
    `complete_load_id`, up to which their branch is loaded.

    Args:
        relation: relation with branch_id and order_id. -#}
{% macro rows_to_build(relation) -%}
    {%- if not execute -%}
        {#- take_out_touched_orders reads them, in a hook, where dbt looks for no dependency -#}
        {%- do ref("int_order_records_loaded") -%}
        {%- do ref("quarantine") -%}
    {%- endif -%}
    (
        select
            records.*,
            loads.complete_load_id
        from {{ touched_rows(relation, ["branch_id", "order_id"], is_indexed=true) }} as records
        inner join {{ touched("loads") if is_incremental() else ref("int_branches_loaded") }} as loads
            on records.branch_id = loads.branch_id
    )
{%- endmacro %}

{#- The touched rows of a relation; all rows where the fact is built at once.

    Args:
        relation: the relation, a view or a table.
        by: the columns by which the touched rows are known.
        is_indexed: whether the tables behind the relation find such a row by an index. -#}
{% macro touched_rows(relation, by, is_indexed=false) -%}
    {%- if is_incremental() -%}
        {{ return(adapter.dispatch("touched_rows")(relation, by, is_indexed)) }}
    {%- else -%}
        {{ relation }}
    {%- endif -%}
{%- endmacro %}

{#- Where few rows are touched, each is looked up; where many are, the relation is computed once and
    joined. Only one of the two is executed: the other has a condition that is false before it
    begins. To look one row up costs about as much as to compute ten. -#}
{% macro postgres__touched_rows(relation, by, is_indexed) -%}
    {%- set joined -%}
        select records.*
        from {{ relation }} as records
        inner join {{ touched("rows") }} as touched on {{ same_values("records", "touched", by) }}
    {%- endset -%}
    {%- set few_are_touched -%}
        exists (
            select 1 from {{ this }} offset (select 10 * count(*) from {{ touched("rows") }})
        )
    {%- endset -%}
    {%- if is_indexed -%}
    (
        select records.* from {{ looked_up(relation, touched("rows"), by) }} as records
        where {{ few_are_touched }}
        union all
        {{ joined }}
        where not {{ few_are_touched }}
    )
    {%- else -%}
    ({{ joined }})
    {%- endif -%}
{%- endmacro %}

{#- The rows of some orders, each looked up.

    Args:
        relation: relation with branch_id and order_id.
        orders: table of branch_id and order_id, one row per order. -#}
{% macro rows_of_orders(relation, orders) -%}
    {{ return(looked_up(relation, orders, ["branch_id", "order_id"])) }}
{%- endmacro %}

{#- The rows of a relation that belong to some keys, looked up key by key.

    Postgres plans a view that has a `with` apart from what joins it, so a join would compute the
    whole view; taken key by key, it goes down to the raw tables' indexes. That holds only for views
    that read each of their CTEs once: a CTE that is read twice is computed whole every time.

    Args:
        relation: the relation.
        keys: table with the columns `by`, one row per key.
        by: the columns by which rows belong to a key. -#}
{% macro looked_up(relation, keys, by) -%}
    {{ return(adapter.dispatch("looked_up")(relation, keys, by)) }}
{%- endmacro %}

{% macro postgres__looked_up(relation, keys, by) -%}
    (
        select records.*
        from {{ keys }} as keys
        cross join lateral (
            select * from {{ relation }} as records
            where {{ same_values("records", "keys", by) }}
            -- keeps the planner from making a join of it
            offset 0
        ) as records
    )
{%- endmacro %}

{#- The condition that two relations have the same values.

    Args:
        one, other: the relations' aliases.
        columns: the columns. -#}
{% macro same_values(one, other, columns) -%}
    {%- for column in columns -%}
        {{ one }}.{{ column }} = {{ other }}.{{ column }} {{- " and " if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
