{{ config(materialized='table', indexes=[{'columns': ['post_id']}]) }}

with

posts as (

    select * from {{ ref('base_files__posts') }}

),

good as (

    select
        -- keys
        post_id,
        feed,
        branch_id,

        -- who wrote it: nothing that names anybody
        {{ pseudonym("lower(author_handle)") }} as author_hash,

        -- what was written
        platform,
        post_text,
        post_language,
        hashtags,
        mentions,
        place_city,
        place_country_code,

        -- how far it went
        reach,
        likes,
        comments,
        shares,

        -- times
        posted_at,
        updated_at,
        deleted_at,

        -- load
        load_id
    from posts
    where {{ not_in_quarantine('files', feed_names('posts'), 'post_id') }}

)

select * from good
