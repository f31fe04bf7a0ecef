{{ config(
    enabled='streams' in var('systems'),
    materialized='incremental',
    incremental_strategy='append',
    unique_key='event_key',
    on_schema_change='append_new_columns',
    indexes=[{'columns': ['event_key'], 'unique': true}, {'columns': ['load_id']},
        {'columns': ['visitor_hash']}],
    pre_hook="{{ take_out_events() }}"
) }}

with

messages as (

    select * from {{ ref('base_streams__events') }}
    where
        {{ not_in_quarantine('streams', none, 'message_id') }}
        and {{ events_to_stage() }}

),

-- an event that was sent again is the one that landed first
numbered as (

    select
        messages.*,
        {{ dbt.concat(['stream', "':'", 'event_id']) }} as event_key,
        row_number() over (
            partition by messages.stream, messages.event_id
            order by
                messages.load_id,
                messages.topic_id,
                messages.partition_id,
                messages.message_offset
        ) as copy_number
    from messages

),

events as (

    select
        -- keys
        event_key,
        stream,
        event_id,
        message_id,
        branch_id,
        customer_id,
        visitor_hash,
        device,

        -- what happened
        topic,
        event_type,
        body,

        -- times
        occurred_at,
        received_at,

        -- load
        load_id
    from numbered
    where
        copy_number = 1
        {%- if is_incremental() %}
        and not exists (
            select 1 from {{ this }} as staged
            where staged.event_key = numbered.event_key
        )
        {%- endif %}

)

select * from events
