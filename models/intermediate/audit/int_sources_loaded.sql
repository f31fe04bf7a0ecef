with

loads as (

    select * from {{ ref('stg_audit__loads') }}

),

named as (

    select
        source_name,
        coalesce({{ json_text('tables', 'feed') }}, branch_id, source_name) as feed_name,
        branch_id,
        row_count,
        finished_at
    from loads
    where outcome = 'succeeded'

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
