-- Per closing of a till: its payments, and the lines and taxes of its tickets. Decimals add up to the
-- same in any order.
select
    closedcash.money,
    closedcash.datestart,
    sum(case when parts.figure = 'paid' then parts.amount end) as paid,
    sum(case when parts.figure = 'sold' then parts.amount end) as sold,
    sum(case when parts.figure = 'tax' then parts.amount end) as tax
from closedcash
left join receipts on closedcash.money = receipts.money
left join (
    select
        tickets.id as receipt,
        'paid' as figure,
        cast(payments.total as decimal(38, 12)) as amount
    from payments
    inner join tickets on payments.receipt = tickets.id

    union all

    select
        ticket as receipt,
        'sold' as figure,
        cast(units * price as decimal(38, 12)) as amount
    from ticketlines

    union all

    select
        receipt,
        'tax' as figure,
        cast(amount as decimal(38, 12)) as amount
    from taxlines
) as parts on receipts.id = parts.receipt
group by closedcash.money, closedcash.datestart
