-- How guests paid on each day, of the days that the page holds: all money with tax.
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
inner join held_days as held on days.branch_id = held.branch_id
where days.business_date between held.first_date and held.last_date
order by days.branch_id, days.business_date, days.payment_method
