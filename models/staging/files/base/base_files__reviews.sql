{%- set times = ['reviewed_at', 'answered_at', 'updated_at'] -%}
{%- set score = 'numeric(6, 2)' -%}
{%- set zone = "coalesce(clocks.time_zone, branches.time_zone, 'UTC')" -%}

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
        feeds_of('reviews'),
        required=['review_id', 'platform', 'rating', 'reviewed_at'],
        optional={
            'best_rating': none, 'author': none, 'review_language': none, 'answered_at': none,
            'updated_at': none, 'time_zone': none,
        }
    ) }}

),

written as {{ computed_once() }} (

    {{ written_lines('review', {'rating': none, 'best_rating': '5'}, times) }}

),

lines as (

    select
        written.*,
        {%- for column in times %}
        {{ moment_of('written.' ~ column ~ '_local', 'written.' ~ column ~ '_offset', zone) }}
            as {{ column }}_read,
        {%- endfor %}
        branches.branch_id as known_branch_id,
        clocks.time_zone as known_time_zone
    from written
    left join branches on written.branch_id = branches.branch_id
    left join clocks on {{ filled('written.time_zone') }} = clocks.time_zone

),

versions as (

    select
        lines.*,
        {{ safe_cast('lines.rating_text', score) }} as rating_read,
        {{ safe_cast('lines.best_rating_text', score) }} as best_rating_read,
        {{ load_of_line() }} as load_id,
        {{ version_of_line('lines.review_key') }} as version_number
    from lines
    left join files on lines.feed = files.feed and lines._file_name = files.file_name

),

judged as (

    select
        -- keys
        review_key as review_id,
        feed,
        branch_id,

        -- who wrote it, in plain text
        author,

        -- what the review is
        platform,
        {{ filled('review_language') }} as review_language,
        cast(
            case
                when rating_read between 0 and best_rating_read
                    then 5 * rating_read / nullif(best_rating_read, 0)
            end as numeric(3, 2)
        ) as rating,

        -- times
        reviewed_at_read as reviewed_at,
        answered_at_read as answered_at,
        coalesce(updated_at_read, reviewed_at_read) as updated_at,
        _deleted_at as deleted_at,

        -- load
        load_id,

        -- judgement; reasons do not quote personal data of the author
        {{ line_errors([
            broken('branch_id', 'branch_id is not null and known_branch_id is null',
                'is no branch of seeds/branches.csv'),
            reason_where(filled('review_id') ~ ' is null', 'review_id: is missing'),
            reason_where(filled('platform') ~ ' is null', 'platform: is missing'),
            unreadable('rating', score, text='rating_text'),
            unreadable('best_rating', score, optional=true, text='best_rating_text'),
            broken('best_rating', 'best_rating_read <= 0', 'is not above 0'),
            broken('rating', 'rating_read not between 0 and best_rating_read',
                'is not between 0 and the best rating'),
            broken('reviewed_at', 'reviewed_at_read is null', 'is no time'),
            outside_the_calendar('reviewed_at', moment='reviewed_at_read'),
            moment_after('answered_at', 'reviewed_at'),
        ] + clock_errors()) }} as _errors,
        raw_record
    from versions
    where version_number = 1

)

select * from judged
