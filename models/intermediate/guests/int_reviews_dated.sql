with

reviews as (

    select * from {{ ref('int_reviews_matched') }}
    where deleted_at is null

)

select * from reviews
