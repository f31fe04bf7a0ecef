{{ config(enabled='streams' in var('systems')) }}
{%- set no_text = 'value: is no text of UTF-8, or JSON that is nested too deep' -%}
{%- set no_object = 'value: is no object of JSON, or has a number that is too large' -%}
{%- set bytes = dbt.cast('message_bytes', dbt.type_string()) -%}
{%- set most = dbt.cast('max_bytes', dbt.type_string()) -%}
{%- set received_at = 'least(timed.sent_at, ' ~ load_time('timed._dlt_load_id') ~ ')' -%}

with

messages as (

    select * from {{ source('streams', 'messages') }}
    -- a tombstone tells that its key is gone, and is no event
    where value is not null or value_bytes is not null

),

streams as (

    select * from {{ source('streams', '_streams') }}

),

branches as (

    select branch_id from {{ ref('branches') }}

),

devices as (

    {{ named_devices() }}

),

opened as (

    select
        messages.*,
        {{ raw_record('messages', [
            'stream', 'topic', 'topic_id', 'partition_id', 'message_offset', 'timestamp_ms'
        ]) }} as raw_record,
        streams.event_id as place_of_id,
        streams.event_type as place_of_type,
        streams.occurred_at as place_of_time,
        streams.branch as place_of_branch,
        streams.customer as place_of_customer,
        streams.visitor as place_of_visitor,
        streams.branches as names_of_branches,
        streams.personal,
        streams.max_bytes,
        octet_length(messages.value) as message_bytes,
        read.body,
        read.sent_at
    from messages
    left join streams on messages.stream = streams.stream
    {{ once_per_row({
        'body': message_body('messages.value', 'streams.max_bytes'),
        'sent_at': message_moment('cast(messages.timestamp_ms as ' ~ dbt.type_string() ~ ')'),
    }, 'read') }}

),

taken_apart as (

    select
        opened.*,
        parts.*
    from opened
    {{ once_per_row({
        'event_id': message_part('place_of_id'),
        'event_type': message_part('place_of_type'),
        'occurred_at': message_part('place_of_time'),
        'branch': message_part('place_of_branch'),
        'customer_id': message_part('place_of_customer'),
        'visitor_id': message_part('place_of_visitor'),
    }, 'parts') }}

),

timed as (

    select
        taken_apart.*,
        read.*
    from taken_apart
    {{ once_per_row(dict(sensor_parts(), **{
        'branch_id': message_branch('taken_apart.branch', 'taken_apart.names_of_branches'),
        'occurred_at_read': 'case when taken_apart.place_of_time is null then taken_apart.sent_at'
            ~ ' else ' ~ message_moment('taken_apart.occurred_at') ~ ' end',
    }), 'read') }}

),

judged as (

    select
        -- keys
        {{ dbt.concat([
            'timed.stream', "':'", 'timed.topic_id', "':'",
            dbt.cast('timed.partition_id', dbt.type_string()), "':'",
            dbt.cast('timed.message_offset', dbt.type_string())
        ]) }} as message_id,
        timed.stream,
        timed.topic,
        timed.topic_id,
        timed.partition_id,
        timed.message_offset,
        timed.event_id,
        timed.branch_id,
        timed.customer_id,
        timed.visitor_id,
        {{ pseudonym('timed.visitor_id') }} as visitor_hash,
        {{ device_read() }} as device,

        -- what happened
        timed.event_type,
        {{ message_without('timed.body', 'timed.personal') }} as body,

        -- times and load
        timed.occurred_at_read as occurred_at,
        {{ received_at }} as received_at,
        timed._deleted_at as deleted_at,
        timed._dlt_load_id as load_id,

        -- judgement; reasons do not quote what a message says beyond its id, time and branch
        case
            when timed.value is null then {{ row_errors(["'" ~ no_text ~ "'"]) }}
            when timed.message_bytes > timed.max_bytes then {{ row_errors([
                dbt.concat(["'value: has '", bytes, "' bytes, more than max_bytes allows: '", most])
            ]) }}
            when timed.body is null then {{ row_errors(["'" ~ no_object ~ "'"]) }}
            else {{ row_errors([
                missing('event_id'),
                broken('event_id', 'length(event_id) > 200', 'is longer than an id may be'),
                broken('branch', 'branch is not null and branches.branch_id is null',
                    'is no branch of seeds/branches.csv, nor one of branches'),
                broken('occurred_at', 'occurred_at_read is null', 'is no time'),
                outside_the_calendar('occurred_at', moment='occurred_at_read'),
            ] + sensor_checks(received_at)) }}
        end as _errors,
        timed.raw_record
    from timed
    left join branches on timed.branch_id = branches.branch_id
    {{ join_devices() }}

)

select * from judged
