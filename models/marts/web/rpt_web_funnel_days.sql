with

sessions as (

    select
        *,
        -- who left before a branch was chosen has no branch's clock
        coalesce(business_date, {{ business_date('started_at', "'UTC'", 0) }}) as day_begun
    from {{ ref('fct_web_sessions') }}
    where not is_bot

),

branches as (select * from {{ ref('dim_branches') }}),

currencies as (select * from {{ ref('currencies') }}),

days as (

    select
        branch_id,
        day_begun as business_date,
        platform,
        count(*) as sessions,
        sum(case when has_product_view then 1 else 0 end) as sessions_with_product_view,
        sum(case when has_cart then 1 else 0 end) as sessions_with_cart,
        sum(case when has_checkout then 1 else 0 end) as sessions_with_checkout,
        sum(case when has_failed_payment then 1 else 0 end) as sessions_with_failed_payment,
        sum(case when is_converted then 1 else 0 end) as converted_sessions,
        sum(case when is_cart_abandoned then 1 else 0 end) as abandoned_carts,
        sum(order_count) as web_orders,
        sum(order_revenue_exact) as order_revenue_exact
    from sessions
    group by branch_id, day_begun, platform

),

final as (

    select
        {{ surrogate_key(
            "coalesce(days.branch_id, 'none')", ['days.business_date', 'days.platform']
        ) }} as web_funnel_key,
        days.branch_id,
        days.business_date,
        days.platform,
        cast(days.sessions as integer) as sessions,
        cast(days.sessions_with_product_view as integer) as sessions_with_product_view,
        cast(days.sessions_with_cart as integer) as sessions_with_cart,
        cast(days.sessions_with_checkout as integer) as sessions_with_checkout,
        cast(days.sessions_with_failed_payment as integer) as sessions_with_failed_payment,
        cast(days.converted_sessions as integer) as converted_sessions,
        cast(days.abandoned_carts as integer) as abandoned_carts,
        cast(days.web_orders as integer) as web_orders,
        {{ money('days.order_revenue_exact', 'currencies.minor_unit') }} as order_revenue
    from days
    left join branches on days.branch_id = branches.branch_id
    left join currencies on branches.currency = currencies.currency

)

select * from final
