-- The cash of each branch and month, summed over the days on which it is known.
select
    scopes.scope_id,
    periods.first_date as month_start,
    case
        when periods.is_complete then to_char(periods.first_date, 'Mon YYYY')
        else to_char(periods.first_date, 'Mon YYYY "so far"')
    end as month_name,
    branches.branch_name,
    sum(days.cash_paid_in_exact) as cash_paid_in,
    sum(days.cash_paid_back_exact) as cash_paid_back,
    sum(days.cash_tips_exact) as cash_tips,
    sum(days.cash_to_bank_exact) as cash_to_bank,
    sum(days.unknown_amount_exact) as unknown_amount
from marts.rpt_cash_days as days
inner join marts.dim_branches as branches on days.branch_id = branches.branch_id
inner join marts.dim_periods as periods
    on
        days.currency = periods.currency
        and periods.kind = 'month'
        and days.business_date between periods.first_date and periods.last_date
cross join lateral (values (branches.branch_id), (branches.currency)) as scopes (scope_id)
group by scopes.scope_id, periods.first_date, periods.is_complete, branches.branch_name
order by scopes.scope_id, periods.first_date desc, branches.branch_name
