-- Per branch: the hours contain all orders, in number and money; each hour is rounded once. A day that
-- is partly a sum has none.
with booked as (
    select
        orders.branch_id,
        1 as orders,
        orders.revenue_before_refunds_exact as revenue_before_refunds,
        0 as trading_hours
    from {{ ref('fct_orders') }} as orders
    left join {{ ref('rpt_branch_days') }} as days
        on orders.branch_id = days.branch_id and orders.business_date = days.business_date
    where orders.is_sale and days.orders is not null
    union all
    select
        branch_id,
        -orders as orders,
        -revenue_before_refunds as revenue_before_refunds,
        1 as trading_hours
    from {{ ref('rpt_trading_hours') }}
),

differences as (
    select
        branch_id,
        sum(orders) as orders,
        sum(revenue_before_refunds) as revenue_before_refunds,
        sum(trading_hours) as trading_hours
    from booked
    group by branch_id
),

failures as (
    select * from differences
    where orders <> 0 or abs(revenue_before_refunds) > trading_hours * 0.005
)

select * from failures
