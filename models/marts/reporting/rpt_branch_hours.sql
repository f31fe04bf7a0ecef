with

orders as (

    select * from {{ ref('fct_orders') }}
    where is_sale

),

branches as (

    select * from {{ ref('dim_branches') }}

),

final as (

    select
        -- key
        orders.branch_id,
        orders.business_date,
        orders.local_hour,

        -- volume
        cast(count(*) as integer) as orders,

        -- money
        orders.currency,
        {{ money('sum(orders.revenue_before_refunds_exact)', 'branches.minor_unit') }}
            as revenue_before_refunds,
        sum(orders.revenue_before_refunds_exact) as revenue_before_refunds_exact
    from orders
    inner join branches on orders.branch_id = branches.branch_id
    group by
        orders.branch_id, orders.business_date, orders.local_hour, orders.currency,
        branches.minor_unit

)

select * from final
