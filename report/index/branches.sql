-- The branches, and what each sold in the last year that it traded.
select
    branches.branch_name,
    branches.city,
    branches.country_code,
    branches.currency,
    branches.prices_include_tax,
    case
        when branches.opened_on > min(periods.first_date) then branches.opened_on
        else min(periods.first_date)
    end as first_date,
    max(periods.last_date) as last_date,
    sum(periods.orders) filter (where periods.order_days = periods.trading_days) as orders,
    sum(periods.net_revenue) as net_revenue
from marts.dim_branches as branches
left join marts.rpt_branch_periods as periods
    on
        branches.branch_id = periods.branch_id
        and periods.period_id in (
            select sizes.period_code from marts.dim_periods as sizes
            where
                sizes.currency = branches.currency and sizes.kind = 'rolling'
            order by sizes.first_date
            limit 1
        )
group by
    branches.branch_name, branches.city, branches.country_code, branches.currency,
    branches.prices_include_tax, branches.opened_on
order by net_revenue desc nulls last, branches.branch_name asc
