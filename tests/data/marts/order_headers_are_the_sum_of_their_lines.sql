-- The till writes an order's totals apart from its lines, so the two can disagree.
with orders as (
    select * from {{ ref('fct_orders') }}
    where {{ new_rows() }}
),

lines as (
    select * from {{ ref('fct_order_lines') }}
),

order_lines as (
    select
        orders.order_key,
        sum(case when lines.line_kind in ('sale', 'charge') then lines.gross_revenue_exact end)
            as gross_revenue,
        sum(
            case
                when lines.line_kind in ('sale', 'charge', 'discount')
                    then lines.discount_amount_exact
            end
        ) as discount_amount,
        sum(
            case
                when lines.line_kind = 'return'
                    then lines.discount_amount_exact - lines.gross_revenue_exact
            end
        ) as returned_amount,
        sum(case when lines.line_kind = 'sale' then lines.quantity end) as unit_count
    from orders
    inner join lines on orders.order_key = lines.order_key
    group by orders.order_key
),

compared as (
    select
        orders.order_key,
        orders.branch_id,
        orders.business_date,
        orders.order_number,
        orders.gross_revenue_exact,
        orders.discount_amount_exact,
        orders.returned_amount_exact
        + case when orders.prices_include_tax then orders.returned_tax_exact else 0 end
            as returned_amount_exact,
        orders.unit_count,
        coalesce(order_lines.gross_revenue, 0) as gross_of_lines,
        coalesce(order_lines.discount_amount, 0) as discount_of_lines,
        coalesce(order_lines.returned_amount, 0) as returned_of_lines,
        coalesce(order_lines.unit_count, 0) as units_of_lines
    from orders
    left join order_lines on orders.order_key = order_lines.order_key
),

failures as (
    select * from compared
    where
        abs(gross_revenue_exact - gross_of_lines) > 0.0001
        or abs(discount_amount_exact - discount_of_lines) > 0.0001
        or abs(returned_amount_exact - returned_of_lines) > 0.0001
        or unit_count <> units_of_lines
)

select * from failures
