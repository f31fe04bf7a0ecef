{{ config(enabled='streams' in var('systems')) }}

with

events as (

    select * from {{ ref('stg_streams__events') }}
    where stream in ('{{ sensor_streams() | join("', '") }}') and device is not null

),

-- a build brings in what it releases; a week, if it does not end the first time
released as (

    select record_key from {{ ref('quarantine') }}
    where
        source_name = 'streams'
        and released_at > {{ dbt.dateadd('day', -7, dbt.current_timestamp()) }}

),

final as (

    select
        events.event_key as sensor_event_key,
        events.received_at,
        events.load_id,
        released.record_key is not null as is_released
    from events
    left join released on events.message_id = released.record_key

)

select * from final
