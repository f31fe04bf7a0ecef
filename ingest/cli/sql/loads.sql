-- The last load of each part of a source, and how its days compare with their source.
with loads as (
    select
        source,
        branch_id,
        tables ->> 'feed' as feed,
        max(finished_at) filter (where outcome = 'succeeded') as succeeded_at,
        sum(row_count) filter (where outcome = 'succeeded') as row_count,
        (array_agg(outcome order by started_at desc))[1] as outcome,
        (array_agg(error order by started_at desc))[1] as error
    from audit.loads
    group by source, branch_id, tables ->> 'feed'
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
        loads.error
    from loads
    left join days
        on
            loads.source = days.source
            and loads.branch_id = days.branch_id
)

select *
from final
