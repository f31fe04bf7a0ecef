-- Per closing of a till: its payments, and the lines and taxes of its tickets.
select
    closedcash.money,
    closedcash.datestart,
    (
        select sum(payments.total)
        from receipts
        inner join tickets on receipts.id = tickets.id
        inner join payments on receipts.id = payments.receipt
        where receipts.money = closedcash.money
    ) as paid,
    (
        select sum(ticketlines.units * ticketlines.price)
        from receipts
        inner join ticketlines on receipts.id = ticketlines.ticket
        where receipts.money = closedcash.money
    ) as sold,
    (
        select sum(taxlines.amount)
        from receipts
        inner join taxlines on receipts.id = taxlines.receipt
        where receipts.money = closedcash.money
    ) as tax
from closedcash
