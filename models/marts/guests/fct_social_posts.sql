{{ config(
    materialized="incremental",
    incremental_strategy="append",
    unique_key="post_id",
    on_schema_change="fail",
    indexes=[{"columns": ["branch_id", "business_date"]}],
    pre_hook="{{ take_out_touched_rows(
        ref('int_posts_loaded'), key='post_id', compared=['load_id']
    ) }}",
    post_hook="{{ put_back_indexes() }}"
) }}

with

posts as (

    select * from {{ touched_rows(ref('int_posts_matched'), by=['post_id'], is_indexed=true) }}

),

scores as (

    select * from {{ touched_rows(ref('int_posts_scored'), by=['post_id'], is_indexed=true) }}

),

final as (

    select
        -- keys
        posts.post_id,
        posts.branch_id,
        posts.matched_by,
        posts.business_date,

        -- what the post is
        posts.platform,
        posts.post_language,
        posts.author_hash,
        posts.posted_at,

        -- measures
        posts.reach,
        posts.likes,
        posts.comments,
        posts.shares,
        posts.likes + posts.comments + posts.shares as engagement,
        cast(
            case
                when posts.likes + posts.comments + posts.shares < 999 * posts.reach
                    then
                        (posts.likes + posts.comments + posts.shares)
                        / cast(posts.reach as numeric)
            end as numeric(9, 6)
        ) as engagement_rate,
        scores.sentiment,
        scores.sentiment_class,

        -- load
        posts.load_id
    from posts
    inner join scores on posts.post_id = scores.post_id

)

select * from final
