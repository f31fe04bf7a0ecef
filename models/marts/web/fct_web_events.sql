{{ config(
    materialized="incremental",
    incremental_strategy="append",
    unique_key="event_key",
    on_schema_change="fail",
    indexes=[
        {"columns": ["visitor_key"]},
        {"columns": ["session_id"]},
        {"columns": ["branch_id", "business_date"]},
    ],
    pre_hook="{{ take_out_touched_visitors(ref('int_web_events_cleaned')) }}",
    post_hook="{{ put_back_indexes() }}"
) }}
{%- set next = 'partition by visitor_key order by happened_at, event_key' %}

with

events as (

    select * from {{ touched_rows(ref('int_web_events_cleaned'), by=['visitor_key']) }}

),

orders as (

    {{ orders_by_own_number(ref('fct_orders')) }}

),

menu_items as (

    select product_key from {{ ref('dim_products') }}

),

placed as (

    select
        *,
        lag(happened_at) over ({{ next }}) as before_at,
        -- the last one that was named: most shops name it once, where the visitor arrives
        lag(campaign) over (
            partition by visitor_key, case when campaign is null then 0 else 1 end
            order by happened_at, event_key
        ) as campaign_before
    from events

),

-- after a silence, or with another campaign than was named before; not at midnight
begun as (

    select
        *,
        case
            when before_at is null then 1
            when
                {{ dbt.dateadd('minute', var('session_minutes'), 'before_at') }} < happened_at
                then 1
            when campaign <> coalesce(campaign_before, '') then 1
            else 0
        end as begins_session
    from placed

),

numbered as (

    select
        *,
        sum(begins_session) over ({{ next }} rows unbounded preceding) as session_number
    from begun

),

-- a session is called by its event that was received first: a late one does not rename it
named as (

    select
        *,
        first_value(event_key) over (
            partition by visitor_key, session_number order by received_at, event_key
        ) as session_id
    from numbered

),

final as (

    select
        -- keys
        named.event_key,
        named.session_id,
        named.visitor_key,
        named.branch_id,
        named.business_date,
        named.customer_key as named_customer_key,
        orders.order_key,
        menu_items.product_key,

        -- what happened
        named.event_type,
        named.platform,
        named.campaign,
        named.page,
        named.search_query,
        named.checkout_step,
        named.product_id,
        named.order_number,
        named.currency,
        named.is_bot,

        -- measures
        named.quantity,
        named.total_amount,

        -- times
        named.happened_at,
        named.occurred_at,
        named.received_at,
        named.has_wrong_clock,

        -- load
        named.load_id
    from named
    left join orders
        on
            named.branch_id = orders.branch_id
            and {{ own_number('named.order_number', 'named.branch_id') }} = orders.own_number
    left join menu_items
        on
            {{ surrogate_key('named.branch_id', 'named.product_id') }}
            = menu_items.product_key

)

select * from final
