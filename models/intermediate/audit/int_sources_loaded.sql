with

loads as (

    select * from {{ ref('stg_audit__loads') }}

),

branches as (

    select * from {{ ref('branches') }}

),

-- a load of a till with several branches is of none of them alone, and bears the till's name
named as (

    select
        loads.source_name,
        coalesce(
            {{ json_text('loads.tables', 'feed') }}, loads.branch_id, loads.source_name
        ) as feed_name,
        branches.branch_id,
        loads.row_count,
        loads.finished_at
    from loads
    left join branches on loads.branch_id = branches.branch_id
    where loads.outcome = 'succeeded'

),

final as (

    select
        -- key
        source_name,
        feed_name,

        -- whose it is
        branch_id,

        -- loads that came in
        count(*) as loads,
        sum(row_count) as records,
        max(finished_at) as last_loaded_at
    from named
    group by source_name, feed_name, branch_id

)

select * from final
