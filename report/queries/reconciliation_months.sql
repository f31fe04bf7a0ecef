-- Till and warehouse side by side, per branch and month.
select
    scopes.scope_id,
    periods.first_date as month_start,
    case
        when periods.is_complete then to_char(periods.first_date, 'Mon YYYY')
        else to_char(periods.first_date, 'Mon YYYY "so far"')
    end as month_name,
    branches.branch_name,
    count(*) as days,
    count(*) filter (where not days.is_equal) as days_that_differ,
    sum(days.order_total_at_till) as order_total_at_till,
    sum(days.order_total_in_raw) as order_total_in_raw,
    sum(days.order_total_difference) as order_total_difference
from marts.rpt_reconciliation as days
inner join marts.dim_branches as branches on days.branch_id = branches.branch_id
inner join marts.dim_periods as periods
    on
        branches.currency = periods.currency
        and periods.kind = 'month'
        and days.business_date between periods.first_date and periods.last_date
cross join lateral (values (branches.branch_id), (branches.currency)) as scopes (scope_id)
where not days.is_open
group by scopes.scope_id, periods.first_date, periods.is_complete, branches.branch_name
order by scopes.scope_id, periods.first_date desc, branches.branch_name
