-- Till and warehouse side by side, per branch and day, for the last 90 closed days.
select
    scopes.scope_id,
    branches.branch_name,
    days.business_date,
    days.orders_at_till,
    days.orders_in_raw,
    days.order_total_at_till,
    days.order_total_in_raw,
    days.order_total_difference,
    case
        when days.is_open then 'still open'
        when not days.is_equal then 'differs'
        when days.is_healed then 'equal after reload'
        else 'equal'
    end as state
from marts.rpt_reconciliation as days
inner join marts.dim_branches as branches on days.branch_id = branches.branch_id
cross join lateral (values (branches.branch_id), (branches.currency)) as scopes (scope_id)
where
    days.business_date
    > (
        select max(newest.business_date) - 90 from marts.rpt_reconciliation as newest
        where not newest.is_open
    )
order by scopes.scope_id, branches.branch_name, days.business_date
