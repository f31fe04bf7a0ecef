{{ config(enabled='streams' in var('systems')) }}

with

messages as (

    select * from {{ ref('base_streams__events') }}
    where {{ not_in_quarantine('streams', none, 'message_id') }}

),

-- an event that was sent again is the one that landed first: its row does not change
numbered as (

    select
        messages.*,
        row_number() over (
            partition by messages.stream, messages.event_id
            order by messages.load_id, messages.received_at, messages.message_id
        ) as copy_number,
        count(*) over (partition by messages.stream, messages.event_id) as times_sent
    from messages

),

events as (

    select
        -- keys
        {{ dbt.concat(['stream', "':'", 'event_id']) }} as event_key,
        stream,
        event_id,
        message_id,
        branch_id,

        -- what happened
        topic,
        event_type,
        body,
        times_sent,

        -- times
        occurred_at,
        received_at,

        -- load
        load_id
    from numbered
    where copy_number = 1

)

select * from events
