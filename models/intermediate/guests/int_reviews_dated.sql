with

reviews as (

    select * from {{ ref('stg_files__reviews') }}
    where deleted_at is null

),

loads as (

    select * from {{ ref('stg_files__loads') }}
    where is_complete

),

branches as (

    select * from {{ ref('branches') }}

),

final as (

    select
        -- keys
        reviews.review_id,
        reviews.branch_id,
        {{ business_date('reviews.reviewed_at', 'branches.time_zone', 'branches.cutover_hour') }}
            as business_date,

        -- what the review is
        reviews.platform,
        reviews.review_language,
        reviews.author_hash,
        reviews.rating,

        -- times
        reviews.reviewed_at,
        reviews.answered_at,

        -- load: unknown until the load is complete
        loads.load_id
    from reviews
    left join loads on reviews.load_id = loads.load_id
    left join branches on reviews.branch_id = branches.branch_id

)

select * from final
