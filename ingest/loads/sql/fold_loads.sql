-- Of the small loads of an hour the newest stays, with the rows of all: by part of a source and outcome.
with loads as (
    select
        run_id,
        row_count,
        first_value(run_id) over part as newest_id
    from audit.loads
    where
        kind = 'incremental'
        and outcome in ('succeeded', 'failed')
        and started_at >= date_trunc('hour', now())
        and not coalesce(tables ? 'notes', false)
    window part as (
        partition by source, branch_id, tables ->> 'feed', outcome
        order by started_at desc, run_id asc
    )
),

folded as (
    delete from audit.loads as older
    using loads
    where older.run_id = loads.run_id and loads.run_id <> loads.newest_id
    returning loads.newest_id, loads.row_count
)

update audit.loads as newest
set row_count = newest.row_count + sums.row_count
from (
    select
        newest_id,
        sum(row_count) as row_count
    from folded
    group by newest_id
) as sums
where newest.run_id = sums.newest_id
