-- How guests paid on each day, of the days that queries/days.sql holds: all money with tax.
with held as (
    select
        branches.currency,
        max(periods.last_date) as last_date,
        max(periods.last_date) - cast(
            least(1100, 30000 / (select count(*) from marts.dim_branches)) as integer
        ) as before_date
    from marts.dim_branches as branches
    inner join marts.dim_periods as periods on branches.currency = periods.currency
    group by branches.currency
)

select
    days.branch_id as scope_id,
    days.business_date,
    replace(days.payment_method, '_', ' ') as payment_method,
    days.payments,
    days.paid_in_amount_exact as paid_in_amount,
    days.paid_back_amount_exact as paid_back_amount,
    days.taken_amount_exact as taken_amount,
    days.tips_amount_exact as tips_amount
from marts.rpt_payment_days as days
inner join held on days.currency = held.currency
where days.business_date > held.before_date and days.business_date <= held.last_date
order by days.branch_id, days.business_date, days.payment_method
