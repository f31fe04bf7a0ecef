{{ config(materialized='table', indexes=[{'columns': ['review_id']}]) }}

with

reviews as (

    select * from {{ ref('base_documents__reviews') }}

),

good as (

    select
        -- keys
        review_id,
        collection,
        branch_id,
        order_number,

        -- who wrote it: nothing that names anybody
        {{ pseudonym("lower(trim(author))") }} as author_hash,

        -- what the review is
        platform,
        review_language,
        rating,
        review_text,
        photos,

        -- times
        reviewed_at,
        answered_at,
        edited_at,
        updated_at,
        deleted_at,

        -- load
        load_id
    from reviews
    where {{ not_in_quarantine('documents', 'reviews', 'review_id') }}

)

select * from good
