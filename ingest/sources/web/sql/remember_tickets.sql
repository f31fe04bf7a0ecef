-- The tickets that were written from an erased person's address: the address will not be known
-- once the till's row is erased, so the tickets are remembered by their ids.
update audit.erasures as erased
set ticket_ids = erased.ticket_ids || found.ticket_ids
from (
    select
        erasures.branch_id,
        erasures.customer_id,
        array_agg(tickets.id) as ticket_ids
    from audit.erasures as erasures
    inner join raw_pos.customers as customers
        on
            erasures.branch_id = customers.branch_id
            and erasures.customer_id = cast(customers.customer_id as text)
    inner join raw_tickets.tickets as tickets
        on lower(trim(customers.email)) = lower(trim(tickets.requester ->> 'email'))
    where tickets.id <> all(erasures.ticket_ids)
    group by erasures.branch_id, erasures.customer_id
) as found
where
    erased.branch_id = found.branch_id
    and erased.customer_id = found.customer_id
