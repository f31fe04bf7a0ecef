{%- set amounts = {'compensation_amount': none, 'reopened_count': '0', 'comment_count': '0'} -%}
{%- set money = 'numeric(12, 2)' -%}
{%- set zone = "coalesce(clocks.time_zone, branches.time_zone, 'UTC')" -%}
{%- set times = ['opened_at', 'first_response_at', 'last_solved_at', 'updated_at'] -%}

with

files as (

    select * from {{ ref('stg_files__files') }}

),

-- how each feed writes its numbers, days and times
feeds as {{ computed_once() }} (

    {{ dialects() }}

),

branches as (

    select * from {{ ref('branches') }}

),

-- the clocks that a line may name
clocks as (

    {{ clocks() }}

),

mapped as (

    {{ mapped_lines(
        feeds_of('tickets'),
        required=['ticket_id', 'channel', 'reason', 'status', 'opened_at'],
        optional={
            'order_number': none, 'requester_email': none, 'priority': none, 'satisfaction': none,
            'reopened_count': "'0'", 'comment_count': "'0'", 'compensation_amount': none,
            'compensation_currency': none, 'first_response_at': none, 'last_solved_at': none,
            'updated_at': none, 'time_zone': none,
        }
    ) }}

),

written as {{ computed_once() }} (

    {{ written_lines('ticket', amounts, times) }}

),

lines as (

    select
        written.*,
        {%- for column in times %}
        {{ moment_of('written.' ~ column ~ '_local', 'written.' ~ column ~ '_offset', zone) }}
            as {{ column }}_read,
        {%- endfor %}
        branches.branch_id as known_branch_id,
        branches.currency as branch_currency,
        clocks.time_zone as known_time_zone
    from written
    left join branches on written.branch_id = branches.branch_id
    left join clocks on {{ filled('written.time_zone') }} = clocks.time_zone

),

versions as (

    select
        lines.*,
        {{ load_of_line() }} as load_id,
        {{ version_of_line('lines.ticket_key') }} as version_number
    from lines
    left join files on lines.feed = files.feed and lines._file_name = files.file_name

),

judged as (

    select
        -- keys
        ticket_key as ticket_id,
        feed,
        branch_id,
        {{ filled('order_number') }} as order_number,

        -- who wrote, in plain text
        requester_email,

        -- what the ticket is
        channel,
        reason,
        {{ filled('priority') }} as priority,
        status,
        {{ filled('satisfaction') }} as satisfaction,

        -- what happened
        {{ safe_cast('reopened_count_text', 'integer') }} as reopened_count,
        {{ safe_cast('comment_count_text', 'integer') }} as comment_count,
        {{ safe_cast('compensation_amount_text', money) }} as compensation_amount,
        case
            when compensation_amount_text is not null
                then coalesce({{ filled('compensation_currency') }}, branch_currency)
        end as compensation_currency,

        -- times
        opened_at_read as opened_at,
        first_response_at_read as first_response_at,
        last_solved_at_read as last_solved_at,
        coalesce(updated_at_read, opened_at_read) as updated_at,
        _deleted_at as deleted_at,

        -- load
        load_id,

        -- judgement; reasons do not quote personal data of the guest
        {{ line_errors([
            broken('branch_id', 'branch_id is not null and known_branch_id is null',
                'is no branch of seeds/branches.csv'),
            reason_where(filled('ticket_id') ~ ' is null', 'ticket_id: is missing'),
            one_of('channel', ['mail', 'chat', 'phone', 'app']),
            one_of('reason',
                ['late', 'cold', 'wrong_item', 'refund', 'allergy', 'praise', 'other'], told=false),
            one_of('status', ['new', 'open', 'pending', 'solved', 'reopened', 'closed']),
            one_of('satisfaction', ['good', 'bad'], optional=true),
            broken('opened_at', 'opened_at_read is null', 'is no time'),
            outside_the_calendar('opened_at', moment='opened_at_read'),
            moment_after('first_response_at', 'opened_at'),
            moment_after('last_solved_at', 'opened_at'),
            wrong_count('reopened_count'),
            wrong_count('comment_count'),
            unreadable('compensation_amount', money, optional=true, text='compensation_amount_text'),
            broken('compensation_amount',
                safe_cast('compensation_amount_text', money) ~ ' < 0', 'is below 0'),
            broken('compensation_currency', 'compensation_amount_text is not null'
                ' and ' ~ filled('compensation_currency') ~ ' <> branch_currency',
                'is not the currency of the branch'),
        ] + clock_errors()) }} as _errors,
        raw_record
    from versions
    where version_number = 1

)

select * from judged
