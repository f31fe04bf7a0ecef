with

posts as (

    select * from {{ ref('int_posts_recorded') }}
    where deleted_at is null

),

scored as (

    {{ sentiments('posts', key='post_id', text='post_text', language='post_language') }}

)

select * from scored
