-- The cash of each branch and day, for the last 90 days.
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
cross join lateral (values (branches.branch_id), (branches.currency)) as scopes (scope_id)
where
    days.business_date
    > (select max(newest.business_date) - 90 from marts.rpt_cash_days as newest)
order by scopes.scope_id, days.business_date desc, branches.branch_name
