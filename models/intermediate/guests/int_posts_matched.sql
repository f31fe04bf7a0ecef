{#- the accounts and tags of all branches are called alike; the surest hint first -#}
{%- set place = "lower(branches.city) = lower(posts.place_city)"
    ~ " and branches.country_code = posts.place_country_code" -%}
{%- set hints = {
    'handle': "position(branches.branch_account in posts.mentions) > 0",
    'place': place,
    'hashtag': "position(branches.branch_tag in posts.hashtags) > 0",
    'city': "position(branches.spaced_city in posts.spaced_text) > 0",
} -%}

with

posts as (

    select
        *,
        {{ spaced_words('post_text') }} as spaced_text
    from {{ ref('stg_social__posts') }}
    where deleted_at is null

),

branches as (

    select
        *,
        {{ dbt.concat(["'\"@mypizza_'", "replace(branch_id, '_', '')", "'\"'"]) }}
            as branch_account,
        {{ dbt.concat(["'\"mypizza'", "replace(branch_id, '_', '')", "'\"'"]) }} as branch_tag,
        {{ dbt.concat(["' '", "lower(city)", "' '"]) }} as spaced_city
    from {{ ref('branches') }}

),

loads as (

    select * from {{ ref('stg_social__loads') }}
    where is_complete

),

-- per post: at how many branches each kind of hint points, and at which
hinted as (

    select
        posts.*,
        hints.*
    from posts
    cross join lateral (
        select
            {%- for name, points_at in hints.items() %}
            count(case when {{ points_at }} then 1 end) as {{ name }}_branches,
            min(case when {{ points_at }} then branches.branch_id end) as {{ name }}_branch_id,
            {%- endfor %}
            count(*) as branches
        from branches
    ) as hints

),

-- a hint that points at several branches is none
matched as (

    select
        *,
        case
            {%- for name in hints %}
            when {{ name }}_branches = 1 then {{ name }}_branch_id
            {%- endfor %}
        end as branch_id,
        case
            {%- for name in hints %}
            when {{ name }}_branches = 1 then '{{ name }}'
            {%- endfor %}
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
        matched.post_language,
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
