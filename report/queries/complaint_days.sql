-- What guests complained of on each day, of the days that queries/days.sql holds.
with held as (
    select
        branches.branch_id,
        max(periods.last_date) as last_date,
        max(periods.last_date) - cast(
            least(1100, 30000 / (select count(*) from marts.dim_branches)) as integer
        ) as before_date
    from marts.dim_branches as branches
    inner join marts.dim_periods as periods on branches.currency = periods.currency
    group by branches.branch_id
)

select
    tickets.branch_id as scope_id,
    tickets.business_date,
    replace(tickets.reason, '_', ' ') as reason,
    count(*) as complaints,
    count(tickets.first_response_minutes) as answered_tickets,
    sum(tickets.first_response_minutes) as first_response_minutes
from marts.fct_support_tickets as tickets
inner join held on tickets.branch_id = held.branch_id
where
    tickets.is_complaint
    and tickets.business_date > held.before_date
    and tickets.business_date <= held.last_date
group by tickets.branch_id, tickets.business_date, tickets.reason
order by tickets.branch_id, tickets.business_date, tickets.reason
