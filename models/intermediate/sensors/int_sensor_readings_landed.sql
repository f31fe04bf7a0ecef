{{ config(enabled='streams' in var('systems')) }}

with

events as (

    select * from {{ ref('stg_streams__events') }}
    where stream in ('{{ sensor_streams() | join("', '") }}') and device is not null

),

final as (

    select
        event_key as sensor_event_key,
        received_at,
        load_id
    from events

)

select * from final
