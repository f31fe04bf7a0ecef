-- Tax by month, country and rate, net of what was given back.
select
    coalesce(days.branch_id, days.currency) as scope_id,
    dates.month_start,
    branches.country_code,
    coalesce(
        rtrim(rtrim(cast(100 * days.tax_rate as text), '0'), '.') || ' %', 'not known'
    ) as tax_rate,
    sum(days.taxable_amount_exact - days.taxable_refunded_exact) as taxable_net,
    sum(days.tax_amount_exact) as tax_amount,
    sum(days.tax_refunded_exact) as tax_refunded,
    sum(days.tax_amount_exact - days.tax_refunded_exact) as tax_due
from marts.rpt_tax_days as days
inner join marts.dim_dates as dates on days.business_date = dates.date_day
inner join marts.dim_branches as branches on days.branch_id = branches.branch_id
group by
    grouping sets (
        (days.branch_id, dates.month_start, branches.country_code, days.tax_rate),
        (days.currency, dates.month_start, branches.country_code, days.tax_rate)
    )
order by scope_id, dates.month_start desc, branches.country_code, days.tax_rate
