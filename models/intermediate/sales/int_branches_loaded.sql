with

branches as (

    select * from {{ ref('branches') }}

),

loads as (

    select * from {{ ref('stg_pos__loads') }}

),

orders as (

    select * from {{ ref('stg_pos__orders') }}

),

-- load ids are times as text, so the highest is the last
complete as (

    select
        branch_id,
        max(load_id) as complete_load_id
    from loads
    where is_complete
    group by branch_id

),

-- one by one, so that an index gives the answer
newest as (

    select
        branches.branch_id,
        (
            select max(orders.ordered_at) from orders
            where orders.branch_id = branches.branch_id
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
