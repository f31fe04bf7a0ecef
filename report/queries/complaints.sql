-- What guests complain of, and how long they wait for an answer.
with tickets as (
    select
        tickets.branch_id,
        branches.currency,
        tickets.business_date,
        replace(tickets.reason, '_', ' ') as reason,
        count(*) as complaints,
        count(tickets.first_response_minutes) as answered,
        sum(tickets.first_response_minutes) as minutes
    from marts.fct_support_tickets as tickets
    inner join marts.dim_branches as branches on tickets.branch_id = branches.branch_id
    where tickets.is_complaint
    group by tickets.branch_id, branches.currency, tickets.business_date, tickets.reason
)

select
    coalesce(tickets.branch_id, tickets.currency) as scope_id,
    periods.period_code as period_id,
    tickets.reason,
    sum(tickets.complaints) as complaints,
    sum(tickets.minutes) / nullif(cast(sum(tickets.answered) as numeric), 0) as first_response
from tickets
inner join marts.dim_periods as periods
    on
        tickets.currency = periods.currency
        and tickets.business_date between periods.first_date and periods.last_date
group by
    grouping sets (
        (tickets.branch_id, periods.period_code, tickets.reason),
        (tickets.currency, periods.period_code, tickets.reason)
    )
order by scope_id, periods.period_code, complaints desc, tickets.reason
