{{ config(
    materialized="incremental",
    incremental_strategy="append",
    unique_key="review_id",
    on_schema_change="fail",
    indexes=[{"columns": ["branch_id", "business_date"]}, {"columns": ["order_key"]}],
    pre_hook="{{ take_out_touched_rows(
        ref('int_reviews_dated'),
        key='review_id',
        compared=['load_id', 'branch_id', 'order_key', 'business_date']
    ) }}",
    post_hook="{{ put_back_indexes() }}"
) }}

with

reviews as (

    select * from {{ touched_rows(ref('int_reviews_dated'), by=['review_id']) }}

),

products as (

    select
        branch_id,
        product_name,
        -- with or without the article
        replace({{ spaced_words('product_name') }}, ' the ', ' ') as spaced_name
    from {{ ref('int_products_versioned') }}
    group by branch_id, product_name

),

scores as (

    {{ sentiments('reviews', key='review_id', text='review_text', language='review_language') }}

),

spaced as (

    select
        review_id,
        branch_id,
        replace({{ spaced_words('review_text') }}, ' the ', ' ') as spaced_text
    from reviews

),

named as (

    select
        spaced.review_id,
        {{ dbt.listagg('products.product_name', "', '", 'order by products.product_name') }}
            as products_named
    from spaced
    inner join products
        on
            spaced.branch_id = products.branch_id
            and position(products.spaced_name in spaced.spaced_text) > 0
    group by spaced.review_id

),

final as (

    select
        -- keys
        reviews.review_id,
        reviews.branch_id,
        reviews.order_key,
        reviews.business_date,

        -- what the review is
        reviews.platform,
        reviews.review_language,
        reviews.author_hash,
        reviews.rating,
        named.products_named,
        reviews.edited_at is not null as is_edited,

        -- times
        reviews.reviewed_at,
        reviews.answered_at,

        -- measures
        cast({{ dbt.datediff('reviews.reviewed_at', 'reviews.answered_at', 'minute') }} as integer)
            as answer_minutes,
        reviews.photos,
        scores.sentiment,
        scores.sentiment_class,

        -- load
        reviews.load_id
    from reviews
    inner join scores on reviews.review_id = scores.review_id
    left join named on reviews.review_id = named.review_id

)

select * from final
