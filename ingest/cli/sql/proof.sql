-- What each branch's closed days are, as they were published, and what proves them.
with found as (
    select distinct
        branch_id,
        business_date
    from marts.rpt_findings
),

days as (
    select
        days.branch_id,
        max(days.currency) as currency,
        count(*) as days,
        count(*) filter (where days.is_proven) as proven_days,
        count(*) filter (where not days.is_proven and found.branch_id is not null)
            as differing_days,
        coalesce(sum(days.net_revenue) filter (where not days.is_proven), 0)
            as net_revenue_not_proven
    from marts.rpt_branch_days as days
    left join found
        on days.branch_id = found.branch_id and days.business_date = found.business_date
    where days.is_complete
    group by days.branch_id
),

figures as (
    select
        branch_id,
        string_agg(distinct figure, ', ' order by figure) as proven_by
    from marts.rpt_till_figures
    group by branch_id
)

select
    days.branch_id,
    case
        when days.differing_days > 0 then 'differs'
        when days.proven_days < days.days then 'copied, not proven'
        else 'proven'
    end as state,
    days.days,
    days.proven_days,
    days.differing_days,
    days.net_revenue_not_proven,
    days.currency,
    figures.proven_by
from days
left join figures on days.branch_id = figures.branch_id
order by days.branch_id
