{%- set types = column_types(source('social', 'posts')) -%}
{%- set time = 'timestamp with time zone' -%}
{%- set measures = ['reach', 'likes', 'comments', 'shares'] -%}

with

source as (

    select * from {{ source('social', 'posts') }}

),

judged as (

    select
        -- keys
        cast(id as {{ dbt.type_string() }}) as post_id,
        -- a post does not name its branch: int_posts_matched finds it
        cast(null as {{ dbt.type_string() }}) as branch_id,

        -- who wrote it, in plain text
        {{ json_text('author', 'handle') }} as author_handle,
        {{ json_text('author', 'name') }} as author_name,

        -- what was written
        cast(platform as {{ dbt.type_string() }}) as platform,
        cast(text as {{ dbt.type_string() }}) as post_text,
        cast(language as {{ dbt.type_string() }}) as post_language,
        lower(cast(hashtags as {{ dbt.type_string() }})) as hashtags,
        lower(cast(mentions as {{ dbt.type_string() }})) as mentions,
        {{ json_text('place', 'city') }} as place_city,
        {{ json_text('place', 'country_code') }} as place_country_code,

        -- how far it went
        {%- for measure in measures %}
        {{ safe_cast(measure, 'bigint', types) }} as {{ measure }},
        {%- endfor %}

        -- times
        {{ safe_cast('posted_at', time, types) }} as posted_at,
        {{ safe_cast('updated_at', time, types) }} as updated_at,
        _deleted_at as deleted_at,

        -- load
        cast(_dlt_load_id as {{ dbt.type_string() }}) as load_id,

        -- judgement; reasons do not quote personal data of the author
        {{ row_errors([
            missing('platform'),
            unreadable('reach', 'bigint', types),
            broken('reach', 'reach < 0', 'is below 0'),
            unreadable('likes', 'bigint', types),
            broken('likes', 'likes < 0', 'is below 0'),
            unreadable('comments', 'bigint', types),
            broken('comments', 'comments < 0', 'is below 0'),
            unreadable('shares', 'bigint', types),
            broken('shares', 'shares < 0', 'is below 0'),
            unreadable('posted_at', time, types),
            outside_the_calendar('posted_at', time, types),
            unreadable('updated_at', time, types),
        ]) }} as _errors,
        {{ raw_record('source', [
            'id', 'platform', 'language', 'reach', 'likes', 'comments', 'shares', 'posted_at',
            'updated_at'
        ]) }} as raw_record
    from source

)

select * from judged
