with

orders as (

    select * from {{ ref('fct_orders') }}
    where is_sale

),

-- of a day that is partly a sum, only some orders have an hour
sums as (

    select distinct
        branch_id,
        business_date
    from {{ ref('fct_orders') }}
    where order_kind = 'day_total'

),

branches as (select * from {{ ref('dim_branches') }}),

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
    left join sums
        on orders.branch_id = sums.branch_id and orders.business_date = sums.business_date
    where sums.branch_id is null
    group by
        orders.branch_id, orders.business_date, orders.local_hour, orders.currency,
        branches.minor_unit

)

select * from final
