-- The last load of each part of a source, and how its days compare with their source.
with parts as (
    select
        *,
        case
            when
                outcome = 'running'
                and started_at < %(looked_at)s
                -- an int4, which pg_locks shows as an unsigned number
                and cast(hashtext(run_id) as bigint) & 4294967295 <> all(%(held)s)
                then 'interrupted'
            else outcome
        end as true_outcome,
        tables ->> 'feed' as feed,
        case when tables ->> 'feed' is null then branch_id end as branch_alone
    from audit.loads
),

loads as (
    select
        source,
        -- a feed may have been declared to be of another branch before
        (array_agg(branch_id order by started_at desc))[1] as branch_id,
        feed,
        max(started_at) as started_at,
        max(finished_at) filter (where outcome = 'succeeded') as succeeded_at,
        sum(row_count) filter (where outcome = 'succeeded') as row_count,
        (array_agg(true_outcome order by started_at desc))[1] as outcome,
        (array_agg(error order by started_at desc))[1] as error,
        (array_agg(tables -> 'notes' order by started_at desc))[1] as notes
    from parts
    group by source, feed, branch_alone
),

-- What failed before a source had parts, or beside its feeds, is over once these load again.
current_loads as (
    select *
    from loads
    where
        feed is not null
        or not exists (
            select 1
            from loads as newer
            where
                newer.source = loads.source
                and newer.started_at > loads.started_at
                and (newer.feed is not null or loads.branch_id is null)
        )
),

days as (
    select
        source,
        branch_id,
        count(distinct business_date) as compared,
        count(distinct business_date) filter (
            where difference <> 0 and not is_open_day
        ) as differing
    from audit.reconciliation
    group by source, branch_id
),

final as (
    select
        loads.source,
        loads.branch_id,
        loads.feed,
        loads.succeeded_at,
        now() - loads.succeeded_at as lag,
        cast(coalesce(loads.row_count, 0) as bigint) as row_count,
        coalesce(days.compared, 0) as days_compared,
        coalesce(days.differing, 0) as days_differing,
        loads.outcome,
        loads.error,
        loads.notes
    from current_loads as loads
    left join days
        on
            loads.source = days.source
            and loads.branch_id = days.branch_id
)

select *
from final
