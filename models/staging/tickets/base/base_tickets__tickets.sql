{%- set types = column_types(source('tickets', 'tickets')) -%}
{%- set time = 'timestamp with time zone' -%}
{%- set money = 'numeric(12, 2)' -%}
{%- set spoken_at = safe_cast(json_text('element', 'created_at'), time) -%}
{%- set changed_at = safe_cast(json_text('element', 'at'), time) -%}
{%- set tomorrow = dbt.dateadd('day', 1, dbt.current_timestamp()) -%}
{%- set new_status = json_text('element', 'status') -%}

with

source as (

    select * from {{ source('tickets', 'tickets') }}

),

taken_apart as (

    select
        source.*,
        {{ raw_record('source', [
            'id', 'branch_id', 'order_number', 'channel', 'reason', 'priority', 'status',
            'status_history', 'compensation', 'satisfaction', 'created_at', 'updated_at'
        ]) }} as raw_record,

        -- who wrote, in plain text
        {{ json_text('requester', 'name') }} as requester_name,
        {{ json_text('requester', 'email') }} as requester_email,

        -- what it cost
        {{ json_text('compensation', 'amount') }} as compensation_amount,
        {{ json_text('compensation', 'currency') }} as compensation_currency,

        -- what happened
        (
            select min({{ spoken_at }}) from {{ json_elements('source.comments') }}
            where {{ json_text('element', 'author') }} = 'agent'
        ) as first_response_at,
        (
            select max({{ changed_at }}) from {{ json_elements('source.status_history') }}
            where {{ new_status }} = 'solved'
        ) as last_solved_at,
        (
            select count(*) from {{ json_elements('source.status_history') }}
            where {{ new_status }} = 'reopened'
        ) as reopened_count,
        (select count(*) from {{ json_elements('source.comments') }}) as comment_count,
        (
            select count(*) from {{ json_elements('source.comments') }}
            where {{ spoken_at }} is null
        ) as comments_without_time,
        (
            select count(*) from {{ json_elements('source.status_history') }}
            where {{ changed_at }} is null
        ) as changes_without_time
    from source

),

judged as (

    select
        -- keys
        cast(id as {{ dbt.type_string() }}) as ticket_id,
        cast(branch_id as {{ dbt.type_string() }}) as branch_id,
        cast(order_number as {{ dbt.type_string() }}) as order_number,

        -- who wrote, in plain text
        requester_name,
        requester_email,

        -- what the ticket is
        cast(channel as {{ dbt.type_string() }}) as channel,
        cast(reason as {{ dbt.type_string() }}) as reason,
        cast(priority as {{ dbt.type_string() }}) as priority,
        cast(status as {{ dbt.type_string() }}) as status,
        cast(satisfaction as {{ dbt.type_string() }}) as satisfaction,

        -- what happened
        reopened_count,
        comment_count,
        {{ safe_cast('compensation_amount', money) }} as compensation_amount,
        compensation_currency,

        -- times
        {{ safe_cast('created_at', time, types) }} as opened_at,
        first_response_at,
        last_solved_at,
        {{ safe_cast('updated_at', time, types) }} as updated_at,
        _deleted_at as deleted_at,

        -- load
        cast(_dlt_load_id as {{ dbt.type_string() }}) as load_id,

        -- judgement; reasons do not quote personal data of the guest
        {{ row_errors([
            missing('channel'),
            missing('reason'),
            missing('status'),
            unreadable('created_at', time, types),
            outside_the_calendar('created_at', time, types),
            unreadable('updated_at', time, types),
            reason_where('comments_without_time > 0', 'comments: one has no time that can be read'),
            reason_where('changes_without_time > 0', 'status_history: one has no time that can be read'),
            reason_where('first_response_at < created_at', 'comments: the first answer is older than the ticket'),
            reason_where('first_response_at > ' ~ tomorrow, 'comments: the first answer lies in the future'),
            reason_where('last_solved_at < created_at', 'status_history: solved before the ticket was opened'),
            reason_where('last_solved_at > ' ~ tomorrow, 'status_history: solved in the future'),
            unreadable('compensation_amount', money, optional=true),
            broken('compensation_amount', safe_cast('compensation_amount', money) ~ ' < 0', 'is below 0'),
            'case when branch_id is not null and compensation_amount is not null then '
                ~ foreign_currency('compensation_currency') ~ ' end',
        ]) }} as _errors,
        raw_record
    from taken_apart

)

select * from judged
