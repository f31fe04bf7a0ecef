-- How guests paid in each period: all money with tax.
select
    coalesce(days.branch_id, days.currency) as scope_id,
    periods.period_code as period_id,
    replace(days.payment_method, '_', ' ') as payment_method,
    sum(days.payments) as payments,
    sum(days.paid_in_amount_exact) as paid_in_amount,
    sum(days.paid_back_amount_exact) as paid_back_amount,
    sum(days.taken_amount_exact) as taken_amount,
    sum(days.tips_amount_exact) as tips_amount
from marts.rpt_payment_days as days
inner join marts.dim_periods as periods
    on
        days.currency = periods.currency
        and days.business_date between periods.first_date and periods.last_date
group by
    grouping sets (
        (days.branch_id, periods.period_code, days.payment_method),
        (days.currency, periods.period_code, days.payment_method)
    )
order by scope_id, periods.period_code, taken_amount desc, payment_method
