-- Per branch: the hours contain all orders, in number and money; each hour is rounded once. A day
-- that is partly a sum has none.
with booked as (
    select
        sold.branch_id,
        1 as orders,
        sold.revenue_before_refunds_exact as revenue_before_refunds,
        0 as trading_hours
    from {{ ref('fct_orders') }} as sold
    left join {{ ref('rpt_branch_days') }} as branch_days
        on
            sold.branch_id = branch_days.branch_id
            and sold.business_date = branch_days.business_date
    where sold.is_sale and branch_days.orders is not null
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
