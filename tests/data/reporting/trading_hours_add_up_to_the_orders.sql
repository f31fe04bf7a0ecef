-- Per branch, to the cent: the hours contain all orders, in number and money.
with booked as (
    select
        branch_id,
        case when is_cancelled then 0 else 1 end as orders,
        net_revenue
    from {{ ref('fct_orders') }}
    union all
    select
        branch_id,
        -orders as orders,
        -net_revenue as net_revenue
    from {{ ref('rpt_trading_hours') }}
),

differences as (
    select
        branch_id,
        sum(orders) as orders,
        sum(net_revenue) as net_revenue
    from booked
    group by branch_id
),

failures as (
    select * from differences
    where orders <> 0 or net_revenue <> 0
)

select * from failures
