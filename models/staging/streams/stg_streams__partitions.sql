{{ config(enabled='streams' in var('systems')) }}

with

offsets as (

    select * from {{ source('streams', '_offsets') }}

),

loads as (

    select * from {{ ref('stg_streams__loads') }}
    where is_complete

),

messages as (

    select * from {{ ref('base_streams__events') }}

),

held as (

    select
        record_key,
        quarantined_at
    from {{ ref('quarantine') }}
    where source_name = 'streams' and released_at is null

),

-- the position is that of the newest complete load
positions as (

    select
        offsets.stream,
        offsets.topic_id,
        offsets.partition_id,
        max(offsets.next_offset) as next_offset,
        min(loads.loaded_at) as first_loaded_at,
        max(loads.loaded_at) as last_loaded_at
    from offsets
    inner join loads
        on
            offsets.stream = loads.stream
            and offsets._dlt_load_id = loads.load_id
    group by
        offsets.stream,
        offsets.topic_id,
        offsets.partition_id

),

-- what came, and what of it waits
brought as (

    select
        messages.stream,
        messages.topic_id,
        messages.partition_id,
        count(*) as messages,
        count(held.record_key) as messages_held,
        min(held.quarantined_at) as held_since,
        min(messages.message_offset) as first_offset,
        max(messages.message_offset) as last_offset,
        max(messages.received_at) as last_received_at
    from messages
    left join held on messages.message_id = held.record_key
    group by
        messages.stream,
        messages.topic_id,
        messages.partition_id

),

partitions as (

    select
        -- keys
        positions.stream,
        positions.topic_id,
        positions.partition_id,

        -- how far it is read
        positions.next_offset,
        brought.first_offset,
        brought.last_offset,

        -- what it brought
        coalesce(brought.messages, 0) as messages,
        coalesce(brought.messages_held, 0) as messages_held,
        brought.held_since,

        -- times
        brought.last_received_at,
        positions.first_loaded_at,
        positions.last_loaded_at
    from positions
    left join brought
        on
            positions.stream = brought.stream
            and positions.topic_id = brought.topic_id
            and positions.partition_id = brought.partition_id

)

select * from partitions
