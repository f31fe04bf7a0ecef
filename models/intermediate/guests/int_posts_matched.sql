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
    from {{ ref('int_posts_recorded') }}
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

-- a file may name the branch; a hint that points at several branches is none
matched as (

    select
        *,
        case
            when named_branch_id is not null then named_branch_id
            {%- for name in hints %}
            when {{ name }}_branches = 1 then {{ name }}_branch_id
            {%- endfor %}
        end as branch_id,
        case
            when named_branch_id is not null then 'branch'
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

        -- load
        matched.load_id
    from matched
    left join branches on matched.branch_id = branches.branch_id

)

select * from final
