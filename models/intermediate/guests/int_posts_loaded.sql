with

posts as (

    select * from {{ ref('stg_social__posts') }}

),

loads as (

    select * from {{ ref('stg_social__loads') }}

),

final as (

    select
        -- keys
        posts.post_id,

        -- load: unknown until the load is complete
        loads.load_id
    from posts
    left join loads on posts.load_id = loads.load_id and loads.is_complete
    where posts.deleted_at is null

)

select * from final
