-- Headers and lines once more, per branch and business date, over all days.
with orders as (
    select
        branch_id,
        business_date,
        sum(gross_revenue) as gross_revenue,
        sum(discount_amount) as discount_amount,
        sum(unit_count) as unit_count
    from {{ ref('fct_orders') }}
    group by branch_id, business_date
),

lines as (
    select
        branch_id,
        business_date,
        sum(gross_revenue) as gross_revenue,
        sum(discount_amount) as discount_amount,
        sum(quantity) as unit_count
    from {{ ref('fct_order_lines') }}
    group by branch_id, business_date
),

failures as (
    select
        coalesce(orders.branch_id, lines.branch_id) as branch_id,
        coalesce(orders.business_date, lines.business_date) as business_date,
        orders.gross_revenue as gross_of_orders,
        lines.gross_revenue as gross_of_lines,
        orders.discount_amount as discount_of_orders,
        lines.discount_amount as discount_of_lines,
        orders.unit_count as units_of_orders,
        lines.unit_count as units_of_lines
    from orders
    full join lines
        on orders.branch_id = lines.branch_id and orders.business_date = lines.business_date
    where
        coalesce(orders.gross_revenue, 0) <> coalesce(lines.gross_revenue, 0)
        or coalesce(orders.discount_amount, 0) <> coalesce(lines.discount_amount, 0)
        or coalesce(orders.unit_count, 0) <> coalesce(lines.unit_count, 0)
)

select * from failures
