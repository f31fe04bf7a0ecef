{{ config(alias='web_sessions', enabled='streams' in var('systems')) }}
{%- set streams = "'" ~ var('web_shop_streams', []) | join("', '") ~ "'" %}
{%- set since = dbt.dateadd('minute', -5, dbt.current_timestamp()) %}

with

-- a message waits for a minute at most; taken_apart.sql keeps as much
recent as (

    select
        branch_id,
        visitor,
        event_type,
        received_at
    from {{ recent_events() }}
    where stream in ({{ streams }}) and received_at > {{ since }}
    union all
    -- messages that are not in that table yet
    select
        branch_id,
        {{ dbt.hash('coalesce(visitor_id, event_id)') }} as visitor,
        event_type,
        received_at
    from {{ ref('base_streams__messages') }}
    where
        stream in ({{ streams }})
        and load_id > {{ load_of_seconds_ago(360) }}
        and load_id > (select coalesce(max(known.load_id), '') from {{ recent_events() }} as known)
        and event_id is not null
        and received_at > {{ since }}

),

sessions as (

    select
        visitor,
        max(branch_id) as branch_id,
        max(case when event_type = 'add_to_cart' then 1 else 0 end) as has_cart,
        max(case when event_type = 'checkout_step' then 1 else 0 end) as has_checkout,
        max(case when event_type = 'order_placed' then 1 else 0 end) as is_converted,
        count(*) as events,
        max(received_at) as received_at
    from recent
    group by visitor

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
