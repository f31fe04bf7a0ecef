with

-- of one that was deleted nothing counts but that it was there
reviews as (

    select
        written.branch_id,
        cast({{ dbt.date_trunc('month', 'written.business_date') }} as date) as month_start,
        written.deleted_at,
        facts.review_id,
        facts.order_key,
        facts.rating,
        facts.answered_at,
        facts.answer_minutes,
        facts.sentiment
    from {{ ref('int_reviews_matched') }} as written
    left join {{ ref('fct_reviews') }} as facts on written.review_id = facts.review_id
    where written.business_date is not null

),

counted as (

    select
        branch_id,
        month_start,
        count(review_id) as reviews,
        cast(avg(rating) as numeric(3, 2)) as average_rating,
        count(case when rating < 3 then 1 end) as low_ratings,
        count(answered_at) as answered_reviews,
        cast(1.0 * count(answered_at) / nullif(count(review_id), 0) as numeric(9, 6))
            as answered_share,
        cast(avg(answer_minutes) as numeric(12, 2)) as average_answer_minutes,
        cast(avg(sentiment) as numeric(5, 4)) as review_sentiment,
        count(order_key) as reviews_of_orders,
        count(deleted_at) as deleted_reviews
    from reviews
    group by branch_id, month_start

)

select * from counted
