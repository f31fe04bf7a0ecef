-- What guests complained of on each day, of the days that the page holds.
select
    tickets.branch_id as scope_id,
    tickets.business_date,
    replace(tickets.reason, '_', ' ') as reason,
    count(*) as complaints,
    count(tickets.first_response_minutes) as answered_tickets,
    sum(tickets.first_response_minutes) as first_response_minutes
from marts.fct_support_tickets as tickets
inner join held_days as held on tickets.branch_id = held.branch_id
where
    tickets.is_complaint
    and tickets.business_date between held.first_date and held.last_date
group by tickets.branch_id, tickets.business_date, tickets.reason
order by tickets.branch_id, tickets.business_date, tickets.reason
