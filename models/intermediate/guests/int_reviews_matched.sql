{%- set columns = ['branch_id', 'author_hash', 'platform', 'review_language', 'rating',
    'reviewed_at', 'answered_at', 'deleted_at'] -%}
{%- set text = dbt.type_string() -%}

with

file_reviews as (select * from {{ ref('stg_files__reviews') }}),

file_loads as (

    select * from {{ ref('stg_files__loads') }}
    where is_complete

),

document_reviews as (select * from {{ ref('stg_documents__reviews') }}),

document_loads as (

    select * from {{ ref('stg_documents__loads') }}
    where is_complete

),

orders as (

    select * from {{ ref('int_orders_dated') }}
    where not is_deleted and not is_draft

),

branches as (select * from {{ ref('branches') }}),

-- the load is unknown until it is complete; files tell less
recorded as (

    select
        reviews.review_id,
        reviews.{{ columns | join(',\n        reviews.') }},
        cast(null as {{ text }}) as order_number,
        cast(null as {{ text }}) as review_text,
        cast(null as integer) as photos,
        cast(null as timestamp with time zone) as edited_at,
        loads.load_id
    from file_reviews as reviews
    left join file_loads as loads on reviews.load_id = loads.load_id

    union all

    select
        reviews.review_id,
        reviews.{{ columns | join(',\n        reviews.') }},
        reviews.order_number,
        reviews.review_text,
        reviews.photos,
        reviews.edited_at,
        loads.load_id
    from document_reviews as reviews
    left join document_loads as loads on reviews.load_id = loads.load_id

),

numbered_orders as (

    {{ orders_by_own_number('orders') }}

),

-- where the branch is not known, so is one that two orders of the company have
unique_orders as (

    select
        order_number,
        min(order_key) as order_key,
        min(branch_id) as branch_id
    from orders
    where order_number in (select recorded.order_number from recorded)
    group by order_number
    having count(*) = 1

),

matched as (

    select
        recorded.*,
        coalesce(numbered_orders.order_key, unique_orders.order_key) as order_key,
        coalesce(recorded.branch_id, unique_orders.branch_id) as matched_branch_id
    from recorded
    left join numbered_orders
        on
            recorded.branch_id = numbered_orders.branch_id
            and {{ own_number('recorded.order_number', 'recorded.branch_id') }}
            = numbered_orders.own_number
    left join unique_orders
        on recorded.branch_id is null and recorded.order_number = unique_orders.order_number

),

final as (

    select
        -- keys
        matched.review_id,
        matched.matched_branch_id as branch_id,
        matched.order_key,
        {{ business_date('matched.reviewed_at', 'branches.time_zone', 'branches.cutover_hour') }}
            as business_date,

        -- what the review is
        matched.platform,
        matched.review_language,
        matched.author_hash,
        matched.rating,
        matched.review_text,
        matched.photos,

        -- times
        matched.reviewed_at,
        matched.answered_at,
        matched.edited_at,
        matched.deleted_at,

        -- load
        matched.load_id
    from matched
    left join branches on matched.matched_branch_id = branches.branch_id

)

select * from final
