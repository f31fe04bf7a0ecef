with

orders as (

    select * from {{ ref('fct_orders') }}
    where not is_cancelled

),

final as (

    select
        -- key
        branch_id,
        business_date,
        local_hour,

        -- volume
        cast(count(*) as integer) as orders,

        -- money
        currency,
        cast(sum(net_revenue) as numeric(12, 2)) as net_revenue
    from orders
    group by branch_id, business_date, local_hour, currency

)

select * from final
