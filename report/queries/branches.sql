-- Each branch of the scope beside the others, and beside itself in the days before.
select
    scopes.scope_id,
    now.period_id,
    branches.branch_name,
    now.net_revenue,
    before.net_revenue as previous_net_revenue,
    now.net_revenue / nullif(before.net_revenue, 0) - 1 as growth,
    now.orders,
    (now.net_revenue + now.refund_amount) / nullif(now.orders, 0) as average_order
from marts.rpt_branch_periods as now
inner join marts.dim_branches as branches on now.branch_id = branches.branch_id
left join marts.rpt_branch_periods as before
    on
        now.branch_id = before.branch_id
        and now.period_id = before.period_id
        and before.is_previous
        and before.trading_days = before.last_date - before.first_date + 1
cross join lateral (values (now.branch_id), (now.currency)) as scopes (scope_id)
where not now.is_previous
order by scopes.scope_id, now.period_id, now.net_revenue desc
