-- Tax by month, country and rate, net of what was given back.
with newest as (
    select
        branch_id,
        max(business_date) as business_date
    from marts.rpt_branch_days
    where is_complete
    group by branch_id
),

taxes as (
    select
        coalesce(days.branch_id, days.currency) as scope_id,
        days.branch_id,
        min(days.currency) as currency,
        dates.month_start,
        branches.country_code,
        days.tax_rate,
        sum(days.taxable_amount_exact - days.taxable_refunded_exact) as taxable_net,
        sum(days.tax_amount_exact) as tax_amount,
        sum(days.tax_refunded_exact) as tax_refunded
    from marts.rpt_tax_days as days
    inner join marts.dim_dates as dates on days.business_date = dates.date_day
    inner join marts.dim_branches as branches on days.branch_id = branches.branch_id
    group by
        grouping sets (
            (days.branch_id, dates.month_start, branches.country_code, days.tax_rate),
            (days.currency, dates.month_start, branches.country_code, days.tax_rate)
        )
)

select
    taxes.scope_id,
    taxes.month_start,
    -- a branch's own month, or that of all branches of the country
    case
        when
            months.is_complete
            or newest.business_date >= cast(taxes.month_start + interval '1 month' as date) - 1
            then to_char(taxes.month_start, 'Mon YYYY')
        else to_char(taxes.month_start, 'Mon YYYY "so far"')
    end as month_name,
    taxes.country_code,
    taxes.tax_rate,
    taxes.taxable_net,
    taxes.tax_amount,
    taxes.tax_refunded,
    taxes.tax_amount - taxes.tax_refunded as tax_due,
    case when taxes.branch_id is null then months.late_branches end as late_branches
from taxes
left join newest on taxes.branch_id = newest.branch_id
left join marts.rpt_tax_months as months
    on
        taxes.currency = months.currency
        and taxes.country_code = months.country_code
        and taxes.month_start = months.month_start
        and taxes.tax_rate is not distinct from months.tax_rate
order by taxes.scope_id, taxes.month_start desc, taxes.country_code, taxes.tax_rate
