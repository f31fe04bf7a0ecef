{%- set measures = {'reach': '0', 'likes': '0', 'comments': '0', 'shares': '0'} -%}
{%- set times = ['posted_at', 'updated_at'] -%}
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
        feeds_of('posts'),
        required=['post_id', 'platform', 'posted_at'],
        optional={
            'author_handle': none, 'post_text': none, 'post_language': none, 'hashtags': none,
            'mentions': none, 'place_city': none, 'place_country_code': none, 'reach': "'0'",
            'likes': "'0'", 'comments': "'0'", 'shares': "'0'", 'updated_at': none,
            'time_zone': none,
        }
    ) }}

),

written as {{ computed_once() }} (

    {{ written_lines('post', measures, times) }}

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
        {{ load_of_line() }} as load_id,
        {{ version_of_line('lines.post_key') }} as version_number
    from lines
    left join files on lines.feed = files.feed and lines._file_name = files.file_name

),

judged as (

    select
        -- keys
        post_key as post_id,
        feed,
        branch_id,

        -- who wrote it, in plain text
        author_handle,

        -- what was written
        platform,
        post_text,
        post_language,
        lower(hashtags) as hashtags,
        lower(mentions) as mentions,
        place_city,
        place_country_code,

        -- how far it went
        {%- for measure in measures %}
        {{ safe_cast(measure ~ '_text', 'bigint') }} as {{ measure }},
        {%- endfor %}

        -- times
        posted_at_read as posted_at,
        coalesce(updated_at_read, posted_at_read) as updated_at,
        _deleted_at as deleted_at,

        -- load
        load_id,

        -- judgement; reasons do not quote personal data of the author
        {{ line_errors([
            broken('branch_id', 'branch_id is not null and known_branch_id is null',
                'is no branch of seeds/branches.csv'),
            reason_where(filled('post_id') ~ ' is null', 'post_id: is missing'),
            reason_where(filled('platform') ~ ' is null', 'platform: is missing'),
            wrong_count('reach', 'bigint'),
            wrong_count('likes', 'bigint'),
            wrong_count('comments', 'bigint'),
            wrong_count('shares', 'bigint'),
            broken('posted_at', 'posted_at_read is null', 'is no time'),
            outside_the_calendar('posted_at', moment='posted_at_read'),
        ] + clock_errors()) }} as _errors,
        raw_record
    from versions
    where version_number = 1

)

select * from judged
