{#- the accounts and tags of all branches are called alike -#}
{%- set account = dbt.concat(["'\"@mypizza_'", "replace(branch_id, '_', '')", "'\"'"]) -%}
{%- set tag = dbt.concat(["'\"mypizza'", "replace(branch_id, '_', '')", "'\"'"]) -%}
{%- set city = dbt.concat(["' '", "lower(city)", "' '"]) -%}

with

posts as (

    select * from {{ ref('stg_social__posts') }}
    where deleted_at is null

),

branches as (

    select * from {{ ref('branches') }}

),

loads as (

    select * from {{ ref('stg_social__loads') }}
    where is_complete

),

-- the branch at which each kind of hint points; none where it points at several
hinted as (

    select
        posts.*,
        (
            select min(branches.branch_id) from branches
            where position({{ account }} in posts.mentions) > 0
            having count(*) = 1
        ) as by_handle,
        (
            select min(branches.branch_id) from branches
            where
                lower(branches.city) = lower(posts.place_city)
                and branches.country_code = posts.place_country_code
            having count(*) = 1
        ) as by_place,
        (
            select min(branches.branch_id) from branches
            where position({{ tag }} in posts.hashtags) > 0
            having count(*) = 1
        ) as by_hashtag,
        (
            select min(branches.branch_id) from branches
            where position({{ city }} in {{ spaced_words('posts.text') }}) > 0
            having count(*) = 1
        ) as by_city
    from posts

),

-- the surest hint first
matched as (

    select
        *,
        coalesce(by_handle, by_place, by_hashtag, by_city) as branch_id,
        case
            when by_handle is not null then 'handle'
            when by_place is not null then 'place'
            when by_hashtag is not null then 'hashtag'
            when by_city is not null then 'city'
        end as matched_by
    from hinted

),

final as (

    select
        -- keys
        matched.post_id,
        matched.branch_id,
        matched.matched_by,
        {{ business_date('matched.posted_at', 'branches.time_zone', 'branches.cutover_hour') }}
            as business_date,

        -- what the post is
        matched.platform,
        matched.language,
        matched.author_hash,
        matched.posted_at,

        -- how far it went
        matched.reach,
        matched.likes,
        matched.comments,
        matched.shares,

        -- load: unknown until the load is complete
        loads.load_id
    from matched
    left join branches on matched.branch_id = branches.branch_id
    left join loads on matched.load_id = loads.load_id

)

select * from final
