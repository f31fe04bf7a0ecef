with

-- of one that was deleted nothing counts but that it was there
reviews as (

    select
        branch_id,
        business_date,
        order_key,
        rating,
        answered_at,
        answer_minutes,
        sentiment,
        false as is_deleted
    from {{ ref('fct_reviews') }}
    where branch_id is not null

    union all

    select
        branch_id,
        business_date,
        cast(null as {{ dbt.type_string() }}) as order_key,
        cast(null as numeric(3, 2)) as rating,
        cast(null as timestamp with time zone) as answered_at,
        cast(null as integer) as answer_minutes,
        cast(null as numeric(5, 4)) as sentiment,
        true as is_deleted
    from {{ ref('int_reviews_matched') }}
    where deleted_at is not null and business_date is not null

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
        count(case when not is_deleted then 1 end) as reviews,
        cast(avg(rating) as numeric(3, 2)) as average_rating,
        count(case when rating < 3 then 1 end) as low_ratings,
        count(answered_at) as answered_reviews,
        cast(
            1.0 * count(answered_at) / nullif(count(case when not is_deleted then 1 end), 0)
            as numeric(9, 6)
        ) as answered_share,
        cast(avg(answer_minutes) as numeric(12, 2)) as average_answer_minutes,
        cast(avg(sentiment) as numeric(5, 4)) as average_sentiment,
        count(order_key) as reviews_of_orders,
        count(case when is_deleted then 1 end) as deleted_reviews
    from monthly
    group by branch_id, month_start

)

select * from counted
