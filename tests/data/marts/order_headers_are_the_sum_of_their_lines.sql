-- The till writes an order's totals apart from its lines, so the two can disagree.
with orders as (
    select * from {{ ref('fct_orders') }}
    where {{ new_rows() }}
),

lines as (
    select * from {{ ref('fct_order_lines') }}
),

compared as (
    select
        orders.order_key,
        orders.branch_id,
        orders.business_date,
        orders.order_number,
        orders.gross_revenue,
        orders.discount_amount,
        orders.unit_count,
        coalesce(sum(lines.gross_revenue), 0) as gross_of_lines,
        coalesce(sum(lines.discount_amount), 0) as discount_of_lines,
        coalesce(sum(lines.quantity), 0) as units_of_lines
    from orders
    left join lines on orders.order_key = lines.order_key
    group by
        orders.order_key,
        orders.branch_id,
        orders.business_date,
        orders.order_number,
        orders.gross_revenue,
        orders.discount_amount,
        orders.unit_count
),

failures as (
    select * from compared
    where
        gross_revenue <> gross_of_lines
        or discount_amount <> discount_of_lines
        or unit_count <> units_of_lines
)

select * from failures
