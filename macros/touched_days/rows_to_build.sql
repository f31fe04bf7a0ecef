{#- What a fact reads: all rows of a relation that are to be built, with `complete_load_id`, up to
    which their branch is loaded. Where the fact is incremental, these are the touched orders' rows.

    Args:
        relation: relation with branch_id and order_id.
        on_touched_days: leave out rows whose own business date is not touched, where an order can
            have rows on several days. -#}
{% macro rows_to_build(relation, on_touched_days=false) -%}
    {%- set loads = ref("int_branches_loaded") -%}
    {%- if not execute -%}
        {#- find_touched_days reads them, in a hook, where dbt looks for no dependency -#}
        {%- do ref("int_order_records_loaded") -%}
        {%- do ref("quarantine") -%}
    {%- endif -%}
    {%- if is_incremental() -%}
        {%- set loads = touched("loads") -%}
        {%- set relation = rows_of_orders(
            relation, touched("orders"), touched("days") if on_touched_days else none
        ) -%}
    {%- endif -%}
    (
        select
            records.*,
            loads.complete_load_id
        from {{ relation }} as records
        inner join {{ loads }} as loads on records.branch_id = loads.branch_id
    )
{%- endmacro %}

{#- The rows of some orders.

    Postgres plans a view that has a `with` apart from what joins it, so a join would compute the
    whole view; taken order by order, it goes down to the raw tables' indexes.

    Args:
        relation: relation with branch_id and order_id.
        orders: table of branch_id and order_id, one row per order.
        days: table of branch_id and business_date, to take only rows of these days. -#}
{% macro rows_of_orders(relation, orders, days=none) -%}
    {{ return(adapter.dispatch("rows_of_orders")(relation, orders, days)) }}
{%- endmacro %}

{% macro postgres__rows_of_orders(relation, orders, days) -%}
    (
        select records.*
        from {{ orders }} as orders
        cross join lateral (
            select * from {{ relation }} as records
            where records.branch_id = orders.branch_id and records.order_id = orders.order_id
            -- keeps the planner from making a join of it
            offset 0
        ) as records
        {%- if days %}
        where (records.branch_id, records.business_date) in (
            select days.branch_id, days.business_date from {{ days }} as days
        )
        {%- endif %}
    )
{%- endmacro %}
