{{ config(materialized='table', indexes=[{'columns': ['review_id']}]) }}

with

reviews as (

    select * from {{ ref('base_files__reviews') }}

),

good as (

    select
        -- keys
        review_id,
        feed,
        branch_id,

        -- who wrote it: nothing that names anybody
        {{ pseudonym("lower(trim(author))") }} as author_hash,

        -- what the review is
        platform,
        review_language,
        rating,

        -- times
        reviewed_at,
        answered_at,
        updated_at,
        deleted_at,

        -- load
        load_id
    from reviews
    where {{ not_in_quarantine('files', feed_names('reviews'), 'review_id') }}

)

select * from good
