with

events as (

    select
        *,
        -- the branch of a session is that of its order, otherwise the one that was chosen last
        row_number() over (
            partition by session_id
            order by
                case when branch_id is null then 1 else 0 end,
                case when event_type = 'order_placed' then 0 else 1 end,
                happened_at desc,
                event_key desc
        ) as place_of_branch
    from {{ ref('fct_web_events') }}

),

orders as (select * from {{ ref('fct_orders') }}),

customers as (

    select customer_key from {{ ref('dim_customers') }}

),

-- an order counts once, however often it was told of
session_orders as (

    select
        placed.session_id,
        count(*) as order_count,
        sum(orders.order_revenue_exact) as order_revenue_exact
    from (
        select
            order_key,
            min(session_id) as session_id
        from events
        where event_type = 'order_placed'
        group by order_key
    ) as placed
    inner join orders on placed.order_key = orders.order_key
    where orders.is_sale
    group by placed.session_id

),

sessions as (

    select
        session_id,
        min(visitor_key) as visitor_key,
        min(case when place_of_branch = 1 then branch_id end) as branch_id,
        min(business_date) as business_date,
        max(named_customer_key) as named_customer_key,
        min(platform) as platform,
        max(campaign) as campaign,
        sum(case when is_bot then 1 else 0 end) > 0 as is_bot,
        min(happened_at) as started_at,
        max(happened_at) as ended_at,
        count(*) as event_count,
        sum(case when event_type = 'product_view' then 1 else 0 end) as product_views,
        sum(case when event_type = 'add_to_cart' then 1 else 0 end) as cart_additions,
        sum(case when event_type = 'checkout_step' then 1 else 0 end) > 0 as has_checkout,
        sum(case when event_type = 'payment_failed' then 1 else 0 end) > 0 as has_failed_payment,
        sum(case when event_type = 'order_placed' then 1 else 0 end) > 0 as has_placed_order
    from events
    group by session_id

),

-- how many sessions of the visitor, up to this one, have named somebody
known as (

    select
        *,
        count(named_customer_key) over (
            partition by visitor_key order by started_at, session_id rows unbounded preceding
        ) as times_named
    from sessions

),

-- a session without a name is of whom the visitor named last before it, otherwise first after it
stitched as (

    select
        *,
        coalesce(
            max(named_customer_key) over (partition by visitor_key, times_named),
            max(first_customer_key) over (partition by visitor_key)
        ) as customer_key
    from (
        select
            known.*,
            case when known.times_named = 1 then known.named_customer_key end
                as first_customer_key
        from known
    ) as first_named

),

final as (

    select
        -- keys
        stitched.session_id as session_key,
        stitched.visitor_key,
        stitched.branch_id,
        stitched.business_date,
        customers.customer_key,

        -- what the session is
        coalesce(stitched.platform, 'unknown') as platform,
        stitched.campaign,
        stitched.is_bot,
        stitched.started_at,
        stitched.ended_at,

        -- how far it came
        stitched.product_views > 0 as has_product_view,
        stitched.cart_additions > 0 as has_cart,
        stitched.has_checkout,
        stitched.has_failed_payment,
        stitched.has_placed_order as is_converted,
        stitched.cart_additions > 0 and not stitched.has_placed_order as is_cart_abandoned,

        -- measures
        cast(stitched.event_count as integer) as event_count,
        cast(coalesce(session_orders.order_count, 0) as integer) as order_count,
        cast(coalesce(session_orders.order_revenue_exact, 0) as {{ exact_type() }})
            as order_revenue_exact
    from stitched
    left join session_orders on stitched.session_id = session_orders.session_id
    left join customers on stitched.customer_key = customers.customer_key

)

select * from final
