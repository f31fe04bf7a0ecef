-- What the items sold cost, each branch by both ways to know it, as shares of the revenue.
with by_till as (
    select
        branch_id,
        period_id,
        sum(till_cost)
        / nullif(sum(case when till_cost is not null then product_revenue end), 0)
            as till_cost_share
    from marts.rpt_product_periods
    group by branch_id, period_id
)

select
    scopes.scope_id,
    periods.period_id,
    branches.branch_name,
    periods.recipe_cost / nullif(periods.costed_revenue, 0) as recipe_cost_share,
    by_till.till_cost_share,
    by_till.till_cost_share - periods.recipe_cost / nullif(periods.costed_revenue, 0) as gap
from marts.rpt_branch_periods as periods
inner join marts.dim_branches as branches on periods.branch_id = branches.branch_id
left join by_till
    on periods.branch_id = by_till.branch_id and periods.period_id = by_till.period_id
cross join lateral (values (branches.branch_id), (branches.currency)) as scopes (scope_id)
where periods.recipe_cost is not null or by_till.till_cost_share is not null
order by scopes.scope_id, periods.period_id, branches.branch_name
