with

reviews as (

    select * from {{ ref('fct_reviews') }}
    where branch_id is not null

),

monthly as (

    select
        *,
        cast({{ dbt.date_trunc('month', 'business_date') }} as date) as month_start
    from reviews

),

counted as (

    select
        branch_id,
        month_start,
        count(*) as reviews,
        cast(avg(rating) as numeric(3, 2)) as average_rating,
        count(case when rating < 3 then 1 end) as low_ratings,
        count(answered_at) as answered_reviews,
        cast(1.0 * count(answered_at) / count(*) as numeric(9, 6)) as answered_share,
        cast(avg(answer_minutes) as numeric(12, 2)) as average_answer_minutes,
        cast(avg(sentiment) as numeric(5, 4)) as average_sentiment,
        count(order_key) as reviews_of_orders
    from monthly
    group by branch_id, month_start

)

select * from counted
