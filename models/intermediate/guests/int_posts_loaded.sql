with

posts as (select * from {{ ref('int_posts_recorded') }}),

final as (

    select
        -- keys
        post_id,

        -- load: unknown until the load is complete
        load_id
    from posts
    where deleted_at is null

)

select * from final
