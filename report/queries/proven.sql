-- How many closed days of each branch are as the till has them, how many its own figures prove, and
-- how much money they do not.
with found as (
    select distinct
        branch_id,
        business_date
    from marts.rpt_findings
    -- a count of the kitchen proves no money
    where finding not like 'more was found than expected%'
),

figures as (
    select
        branch_id,
        string_agg(distinct figure, ', ' order by figure) as proven_by
    from marts.rpt_till_figures
    group by branch_id
)

select
    scopes.scope_id,
    periods.period_code as period_id,
    branches.branch_name,
    case
        when count(found.branch_id) filter (where not days.is_proven) > 0 then 'differs'
        when count(*) > count(*) filter (where days.is_proven) then 'copied, not proven'
        else 'proven'
    end as state,
    count(*) as days,
    count(*) filter (where days.is_proven) as proven_days,
    coalesce(sum(days.net_revenue) filter (where not days.is_proven), 0)
        as net_revenue_not_proven,
    max(figures.proven_by) as proven_by,
    count(compared.branch_id) as compared_days,
    count(*) filter (where compared.is_equal) as equal_days,
    count(*) filter (where compared.is_equal and compared.is_healed) as healed_days,
    coalesce(sum(compared.order_total_at_till), 0) as order_total_at_till,
    coalesce(sum(compared.order_total_difference), 0) as order_total_difference
from marts.rpt_branch_days as days
inner join marts.dim_branches as branches on days.branch_id = branches.branch_id
inner join marts.dim_periods as periods
    on
        days.currency = periods.currency
        and days.business_date between periods.first_date and periods.last_date
left join found
    on days.branch_id = found.branch_id and days.business_date = found.business_date
left join marts.rpt_reconciliation as compared
    on
        days.branch_id = compared.branch_id
        and days.business_date = compared.business_date
        and not compared.is_open
left join figures on days.branch_id = figures.branch_id
cross join lateral (values (branches.branch_id), (branches.currency)) as scopes (scope_id)
where days.is_complete
group by scopes.scope_id, periods.period_code, branches.branch_name
order by scopes.scope_id, periods.period_code, branches.branch_name
