-- The same in one row per scope and period, as far as the comparison of the last 90 days reaches.
select
    coalesce(days.branch_id, branches.currency) as scope_id,
    periods.period_id,
    count(*) as days,
    count(*) filter (where days.is_equal) as equal_days,
    count(*) filter (where days.is_healed) as healed_days,
    sum(days.order_total_at_till) as order_total_at_till,
    sum(days.order_total_in_raw) as order_total_in_raw,
    sum(days.order_total_difference) as order_total_difference
from marts.rpt_reconciliation as days
inner join marts.dim_branches as branches on days.branch_id = branches.branch_id
inner join marts.dim_periods as periods
    on
        branches.currency = periods.currency
        and days.business_date between periods.first_date and periods.last_date
where not days.is_open
group by
    grouping sets (
        (days.branch_id, periods.period_id), (branches.currency, periods.period_id)
    )
order by scope_id, periods.period_id
