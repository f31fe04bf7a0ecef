with

loads as (select * from {{ ref('stg_audit__loads') }}),

branches as (select * from {{ ref('branches') }}),

-- a load of a till with several branches is of none of them alone, and bears the till's name
named as (

    select
        loads.source_name,
        coalesce(
            {{ json_text('loads.tables', 'feed') }}, loads.branch_id, loads.source_name
        ) as feed_name,
        loads.branch_id,
        loads.row_count,
        loads.finished_at
    from loads
    where loads.outcome = 'succeeded'

),

-- a feed whose declaration names another branch than before is of that one
ranked as (

    select
        *,
        row_number() over (
            partition by source_name, feed_name order by finished_at desc
        ) as recency
    from named

),

final as (

    select
        -- key
        ranked.source_name,
        ranked.feed_name,

        -- whose it is
        max(case when ranked.recency = 1 then branches.branch_id end) as branch_id,

        -- loads that came in
        count(*) as loads,
        sum(ranked.row_count) as records,
        max(ranked.finished_at) as last_loaded_at
    from ranked
    left join branches on ranked.branch_id = branches.branch_id
    group by ranked.source_name, ranked.feed_name

)

select * from final
