-- Each branch of the scope beside the others, and beside itself in the days before.
select
    scopes.scope_id,
    periods.period_id,
    before.basis,
    branches.branch_name,
    periods.net_revenue,
    case when before.is_comparable then before.net_revenue end as previous_net_revenue,
    -- a percentage needs something above nothing to be a percentage of
    case
        when before.is_comparable and before.net_revenue > 0 and periods.net_revenue >= 0
            then periods.net_revenue / before.net_revenue - 1
    end as growth,
    case
        when before.is_comparable then 'yes'
        when before.is_new then 'no: it is new'
        when periods.newest_date < periods.last_date
            then to_char(periods.newest_date, '"no: data to" FMDD FMMonth')
        else 'no: days are missing'
    end as compared,
    case when periods.order_days = periods.trading_days then periods.orders end as orders,
    periods.ordered_revenue / nullif(periods.orders, 0) as average_order
from marts.rpt_branch_periods as periods
inner join marts.dim_branches as branches on periods.branch_id = branches.branch_id
inner join marts.rpt_branch_period_comparisons as before
    on periods.branch_period_key = before.branch_period_key
cross join lateral (values (periods.branch_id), (periods.currency)) as scopes (scope_id)
order by scopes.scope_id, periods.period_id, before.basis, periods.net_revenue desc
