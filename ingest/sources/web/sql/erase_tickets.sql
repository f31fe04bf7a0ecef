-- Tickets of an erased person: what is left is when somebody wrote, and who of the two did.
update raw_tickets.tickets as tickets
set
    requester = jsonb_build_object('name', 'erased', 'email', null),
    subject = null,
    comments = (
        select
            jsonb_agg(
                jsonb_build_object(
                    'id', said.value -> 'id',
                    'author', said.value -> 'author',
                    'created_at', said.value -> 'created_at'
                )
                order by said.ordinality
            )
        from jsonb_array_elements(tickets.comments) with ordinality as said
    )
where
    tickets.requester is distinct from jsonb_build_object('name', 'erased', 'email', null)
    and exists (
        select 1
        from audit.erasures as erasures
        where
            tickets.id = any(erasures.ticket_ids)
            or tickets.order_number in (
                select orders.order_number
                from raw_pos.orders as orders
                where
                    orders.branch_id = erasures.branch_id
                    and cast(orders.customer_id as text) = erasures.customer_id
            )
    )
