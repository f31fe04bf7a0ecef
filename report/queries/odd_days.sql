-- The days of a branch that stand out, the newest first; shares in percent.
with odd as (
    select
        *,
        case when figure like '%share' then 100 else 1 end as factor
    from marts.rpt_odd_days
)

select
    scopes.scope_id,
    odd.business_date,
    branches.branch_name,
    odd.reason,
    odd.factor * odd.odd_value as odd_value,
    odd.factor * odd.lowest_expected as lowest_expected,
    odd.factor * odd.highest_expected as highest_expected,
    case odd.figure
        when 'revenue_before_refunds' then odd.currency
        when 'orders' then 'orders'
        when 'cancelled_share' then '% of orders'
        else '% of revenue'
    end as unit
from odd
inner join marts.dim_branches as branches on odd.branch_id = branches.branch_id
cross join lateral (values (branches.branch_id), (branches.currency)) as scopes (scope_id)
order by scopes.scope_id, odd.business_date desc, branches.branch_name, odd.figure
