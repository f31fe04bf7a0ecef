{{ config(alias='web_sessions', enabled='streams' in var('systems')) }}
{%- set streams = var('web_shop_streams', []) %}
{%- set seconds = 60 * (var('live_minutes', 5) + 1) %}
{%- set epoch = 'extract(epoch from ' ~ dbt.current_timestamp() ~ ')' %}

with

-- by load, too, which an index knows
messages as (

    select
        branch_id,
        coalesce(visitor_id, event_id) as visitor_id,
        event_type,
        received_at
    from {{ ref('base_streams__messages') }}
    where
        stream in ('{{ streams | join("', '") }}')
        and load_id > {{ dbt.cast(epoch ~ ' - ' ~ seconds, dbt.type_string()) }}
        and event_id is not null
        and received_at
        > {{ dbt.dateadd('minute', -var('live_minutes', 5), dbt.current_timestamp()) }}

),

sessions as (

    select
        visitor_id,
        max(branch_id) as branch_id,
        max(case when event_type = 'add_to_cart' then 1 else 0 end) as has_cart,
        max(case when event_type = 'checkout_step' then 1 else 0 end) as has_checkout,
        max(case when event_type = 'order_placed' then 1 else 0 end) as is_converted,
        count(*) as events,
        max(received_at) as received_at
    from messages
    group by visitor_id

),

final as (

    select
        coalesce(branch_id, 'none') as branch_id,
        count(*) as sessions,
        sum(has_cart) as sessions_with_cart,
        sum(has_checkout) as sessions_with_checkout,
        sum(is_converted) as converted_sessions,
        cast(sum(events) as bigint) as events,
        max(received_at) as last_received_at
    from sessions
    where {{ may_see('branch_id') }}
    group by coalesce(branch_id, 'none')

)

select * from final
