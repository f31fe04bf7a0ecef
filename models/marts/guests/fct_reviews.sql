{{ config(
    materialized="incremental",
    incremental_strategy="append",
    unique_key="review_id",
    on_schema_change="fail",
    indexes=[{"columns": ["branch_id", "business_date"]}],
    pre_hook="{{ take_out_touched_rows(
        ref('int_reviews_dated'), key='review_id', compared=['load_id', 'branch_id', 'business_date']
    ) }}",
    post_hook="{{ put_back_indexes() }}"
) }}

with

reviews as (

    select * from {{ touched_rows(ref('int_reviews_dated'), by=['review_id']) }}

),

final as (

    select
        -- keys
        review_id,
        branch_id,
        business_date,

        -- what the review is
        platform,
        review_language,
        author_hash,
        rating,

        -- times
        reviewed_at,
        answered_at,

        -- measures
        cast({{ dbt.datediff('reviewed_at', 'answered_at', 'minute') }} as integer)
            as answer_minutes,

        -- load
        load_id
    from reviews

)

select * from final
