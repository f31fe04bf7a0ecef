{#- The columns of both roads. -#}
{%- set columns = ['author_hash', 'platform', 'post_text', 'post_language', 'hashtags', 'mentions',
    'place_city', 'place_country_code', 'reach', 'likes', 'comments', 'shares', 'posted_at',
    'deleted_at'] -%}

with

api_posts as (select * from {{ ref('stg_social__posts') }}),

api_loads as (

    select * from {{ ref('stg_social__loads') }}
    where is_complete

),

file_posts as (select * from {{ ref('stg_files__posts') }}),

file_loads as (

    select * from {{ ref('stg_files__loads') }}
    where is_complete

),

-- a post of the API does not name its branch; the load is unknown until it is complete
recorded as (

    select
        posts.post_id,
        cast(null as {{ dbt.type_string() }}) as named_branch_id,
        posts.{{ columns | join(',\n        posts.') }},
        loads.load_id
    from api_posts as posts
    left join api_loads as loads on posts.load_id = loads.load_id

    union all

    select
        posts.post_id,
        posts.branch_id as named_branch_id,
        posts.{{ columns | join(',\n        posts.') }},
        loads.load_id
    from file_posts as posts
    left join file_loads as loads on posts.load_id = loads.load_id

)

select * from recorded
