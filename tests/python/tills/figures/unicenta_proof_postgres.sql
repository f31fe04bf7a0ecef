-- uniCenta oPOS on Postgres: what proves a mapping, independent of the day figures: what was paid
-- against what was sold, per closing of the till (`closedcash`). There are no parameters.
--
-- `difference` is recorded less recomputed. Payments are whole cents and taxes are not, so that a
-- closing may be some cents off; a ticket that is off by a cent or more counts in `tickets_off`.
with

-- The till's own closing: `receipts.money` names it; a closing may cross midnight.
-- All tickets are in: a debt's payment (type 2) is x in cash and -x in debtpaid, so it comes to
-- 0, and it has no lines. Movements of cash have no ticket.
closed_tickets as (
    select
        tickets.id as ticket_id,
        receipts.money as closing
    from tickets
    inner join receipts on tickets.id = receipts.id
),

-- One side: the payments, refunds as minus.
ticket_payments as (
    select
        receipt as ticket_id,
        sum(cast(total as numeric(24, 12))) as paid
    from payments
    group by receipt
),

-- The other side: lines without tax, and the tax of the receipt.
ticket_lines as (
    select
        ticket as ticket_id,
        sum(cast(units as numeric(24, 12)) * cast(price as numeric(24, 12))) as net
    from ticketlines
    group by ticket
),

ticket_taxes as (
    select
        receipt as ticket_id,
        sum(cast(amount as numeric(24, 12))) as tax
    from taxlines
    group by receipt
),

both_sides as (
    select
        closed_tickets.closing,
        coalesce(ticket_payments.paid, 0) as recorded,
        coalesce(ticket_lines.net, 0) + coalesce(ticket_taxes.tax, 0) as recomputed
    from closed_tickets
    left join ticket_payments on closed_tickets.ticket_id = ticket_payments.ticket_id
    left join ticket_lines on closed_tickets.ticket_id = ticket_lines.ticket_id
    left join ticket_taxes on closed_tickets.ticket_id = ticket_taxes.ticket_id
),

final as (
    select
        closedcash.money as closing,
        closedcash.host,
        closedcash.hostsequence,
        'payments against lines plus tax' as figure,
        round(cast(sum(both_sides.recorded) as numeric(30, 8)), 2) as recorded,
        round(cast(sum(both_sides.recomputed) as numeric(30, 8)), 2) as recomputed,
        round(
            cast(sum(both_sides.recorded - both_sides.recomputed) as numeric(30, 8)), 2
        ) as difference,
        count(*) filter (
            where abs(both_sides.recorded - both_sides.recomputed) >= 0.01
        ) as tickets_off
    from closedcash
    inner join both_sides on closedcash.money = both_sides.closing
    group by closedcash.money, closedcash.host, closedcash.hostsequence
)

select * from final
