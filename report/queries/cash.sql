-- The cash of each branch and day, of the days that the page holds.
select
    scopes.scope_id,
    days.business_date,
    branches.branch_name,
    days.cash_paid_in,
    days.cash_paid_back,
    days.cash_tips,
    days.cash_to_bank,
    days.unknown_amount
from marts.rpt_cash_days as days
inner join marts.dim_branches as branches on days.branch_id = branches.branch_id
inner join held_days as held on days.branch_id = held.branch_id
cross join lateral (values (branches.branch_id), (branches.currency)) as scopes (scope_id)
where days.business_date between held.first_date and held.last_date
order by scopes.scope_id, days.business_date desc, branches.branch_name
