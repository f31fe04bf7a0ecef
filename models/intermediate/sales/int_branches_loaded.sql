with

branches as (

    select * from {{ ref('branches') }}

),

loads as (

    select
        branch_id,
        load_id
    from {{ ref('stg_pos__loads') }}
    where is_complete

    union all

    select
        feeds.branch_id,
        loads.load_id
    from {{ ref('stg_files__loads') }} as loads
    inner join {{ ref('stg_exports__feeds') }} as feeds on loads.feed = feeds.feed
    where loads.is_complete and feeds.feed in ('{{ till_exports() | join("', '") }}')

),

orders as (

    select * from {{ ref('stg_pos__orders') }}

),

export_lines as (

    select * from {{ ref('stg_exports__lines') }}

),

-- load ids are times as text, so the highest is the last
complete as (

    select
        branch_id,
        max(load_id) as complete_load_id
    from loads
    group by branch_id

),

-- one by one, so that an index gives the answer
newest as (

    select
        branches.branch_id,
        coalesce(
            (
                select max(orders.ordered_at) from orders
                where orders.branch_id = branches.branch_id
            ),
            (
                select max(export_lines.sold_at) from export_lines
                where export_lines.branch_id = branches.branch_id
            )
        ) as ordered_at
    from branches

),

final as (

    select
        branches.branch_id,
        complete.complete_load_id,
        {{ business_date('newest.ordered_at', 'branches.time_zone', 'branches.cutover_hour') }}
            as last_business_date
    from branches
    inner join newest on branches.branch_id = newest.branch_id
    left join complete on branches.branch_id = complete.branch_id

)

select * from final
