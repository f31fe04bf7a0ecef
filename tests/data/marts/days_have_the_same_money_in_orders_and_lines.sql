-- Headers and lines once more, per branch and business date, over all days. Exact sums: a till that
-- counts in doubles leaves a trace in the eighth place.
with orders as (
    select
        branch_id,
        business_date,
        sum(gross_revenue_exact) as gross_revenue,
        sum(discount_amount_exact) as discount_amount,
        case when count(*) = count(unit_count) then sum(unit_count) end as unit_count
    from {{ ref('fct_orders') }}
    group by branch_id, business_date
),

lines as (
    select
        branch_id,
        business_date,
        sum(case when line_kind in ('sale', 'charge') then gross_revenue_exact else 0 end)
            as gross_revenue,
        sum(
            case
                when line_kind in ('sale', 'charge', 'discount') then discount_amount_exact
                else 0
            end
        ) as discount_amount,
        sum(case when line_kind = 'sale' then quantity else 0 end) as unit_count
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
        abs(coalesce(orders.gross_revenue, 0) - coalesce(lines.gross_revenue, 0)) > 0.0001
        or abs(coalesce(orders.discount_amount, 0) - coalesce(lines.discount_amount, 0)) > 0.0001
        or orders.unit_count <> coalesce(lines.unit_count, 0)
        or (orders.branch_id is null and lines.unit_count <> 0)
)

select * from failures
