-- Over all days, refunds by day of payment and refunds by order are the same money, per branch.
with reported as (
    select
        branch_id,
        sum(net_revenue_exact) as net_revenue
    from {{ ref('rpt_branch_days') }}
    group by branch_id
),

sold as (
    select
        branch_id,
        sum(order_revenue_exact) as net_revenue
    from {{ ref('fct_orders') }}
    group by branch_id
),

differences as (
    select
        reported.branch_id,
        reported.net_revenue as reported_net_revenue,
        sold.net_revenue as sold_net_revenue
    from reported
    left join sold on reported.branch_id = sold.branch_id
    where reported.net_revenue <> coalesce(sold.net_revenue, 0)
)

select * from differences
