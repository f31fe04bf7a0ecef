{{ config(enabled='streams' in var('systems')) }}

-- Each new message that has a value is an event, one more copy of an event, or in quarantine. None
-- lies beyond the position of its partition, which is of the same transaction.
with

messages as (

    -- by name: what else there is of a message takes a third of a millisecond to judge
    select
        message_id,
        stream,
        topic_id,
        partition_id,
        message_offset,
        event_id
    from {{ ref('base_streams__events') }}
    where
        {{ new_messages() }}
        and {{ not_in_quarantine('streams', none, 'message_id') }}

),

events as (

    select
        stream,
        event_id,
        event_key
    from {{ ref('stg_streams__events') }}

),

positions as (

    select
        stream,
        topic_id,
        partition_id,
        next_offset
    from {{ ref('stg_streams__partitions') }}

),

lost as (

    select messages.message_id
    from messages
    left join events
        on messages.stream = events.stream and messages.event_id = events.event_id
    where events.event_key is null

    union all

    select messages.message_id
    from messages
    inner join positions
        on
            messages.stream = positions.stream
            and messages.topic_id = positions.topic_id
            and messages.partition_id = positions.partition_id
    where messages.message_offset >= positions.next_offset

)

select * from lost
