-- uniCenta oPOS on Postgres: the till's own day figures, written from the facts alone.
-- Placeholders, each with a colon before it below:
--
-- cut_over_hours  hours after midnight at which a business day begins (integer): 4
--
-- No zone is needed: `datenew` is the till's wall clock. One database is one branch, number 1.
--
-- Where the facts leave a doubt:
-- - debt, voucher and free are ways of paying, so what they paid is taken on the day of the sale;
-- - refunds are stored as minus payments; a ticket of type 1 that also sells something is an order;
-- - a tip is not within `total`; what the type says, not the `status`, tells a refund;
-- - paid_back is what a ticket paid out as a whole; tax_refunded is as positive as paid_back.
with

-- Branch: one. Time: the wall clock of the receipt, so 02:30 belongs to the day before.
-- Where an order is: a receipt and a ticket of the same id. A movement of cash has no ticket.
-- Refund, credit: type 0 is a sale, 1 a refund; 2 pays back a debt, which is not a sale.
tickets_of_trade as (
    select
        tickets.id as ticket_id,
        cast(
            receipts.datenew - make_interval(hours => :cut_over_hours) as date
        ) as business_date
    from tickets
    inner join receipts on tickets.id = receipts.id
    where tickets.tickettype in (0, 1)
),

-- Quantity, money: doubles, parts of a unit, prices without tax. Twelve places take off the noise
-- of the doubles and keep what the till reckoned.
recorded_lines as (
    select
        ticketlines.ticket as ticket_id,
        cast(ticketlines.units as numeric(24, 12)) as units,
        cast(ticketlines.price as numeric(24, 12)) as price,
        coalesce(cast(taxes.rate as numeric(24, 12)), 0) as tax_rate
    from ticketlines
    left join taxes on ticketlines.taxid = taxes.id
),

-- Discount: a lower price, or a minus price. A line sells when its units are above 0 and its price
-- is not below 0; one with minus units gives something back, in an exchange as in a refund.
ticket_lines as (
    select
        ticket_id,
        bool_or(units > 0 and price >= 0) as sells,
        bool_or(units < 0) as gives_back,
        bool_and(units < 0) as only_gives_back,
        sum(units * price) as net,
        -sum(case when units < 0 then units * price * tax_rate else 0 end) as line_tax_refunded
    from recorded_lines
    group by ticket_id
),

-- Money: the tax of a receipt is in `taxlines`, never rounded.
ticket_taxes as (
    select
        receipt as ticket_id,
        sum(cast(amount as numeric(24, 12))) as tax
    from taxlines
    group by receipt
),

-- Ways of paying: every one counts, on account, by voucher and free, too. Change given is in
-- `tendered` alone, so `total` has none of it. Tip: in a column apart from `total`.
ticket_payments as (
    select
        receipt as ticket_id,
        sum(cast(total as numeric(24, 12))) as paid,
        sum(cast(tip as numeric(24, 12))) as tips
    from payments
    group by receipt
),

-- `taxlines` do not tell returned lines from sold ones. A ticket that only gives back has all of
-- its tax refunded; in an exchange the returned lines' tax is reckoned with their rate.
ticket_figures as (
    select
        tickets_of_trade.business_date,
        coalesce(ticket_lines.sells, false) as sells,
        coalesce(ticket_lines.net, 0) as net,
        coalesce(ticket_taxes.tax, 0) as tax_less_refunded,
        case
            when ticket_lines.only_gives_back then -coalesce(ticket_taxes.tax, 0)
            when ticket_lines.gives_back then ticket_lines.line_tax_refunded
            else 0
        end as tax_refunded,
        coalesce(ticket_payments.paid, 0) as paid,
        coalesce(ticket_payments.tips, 0) as tips
    from tickets_of_trade
    left join ticket_lines on tickets_of_trade.ticket_id = ticket_lines.ticket_id
    left join ticket_taxes on tickets_of_trade.ticket_id = ticket_taxes.ticket_id
    left join ticket_payments on tickets_of_trade.ticket_id = ticket_payments.ticket_id
),

-- A ticket whose payments come to less than 0 paid money out.
days as (
    select
        business_date,
        count(*) filter (where sells) as orders,
        sum(paid) as taken,
        sum(greatest(-paid, 0)) as paid_back,
        sum(net) as net,
        sum(tax_less_refunded + tax_refunded) as tax,
        sum(tax_refunded) as tax_refunded,
        sum(tips) as tips
    from ticket_figures
    group by business_date
),

-- Summed exactly, rounded once. Eight places first, since sums of doubles miss a half cent by a
-- hair: 0.73499999999 is 0.735.
final as (
    select
        1 as branch,
        business_date,
        orders,
        round(cast(taken as numeric(30, 8)), 2) as taken,
        round(cast(paid_back as numeric(30, 8)), 2) as paid_back,
        round(cast(net as numeric(30, 8)), 2) as net,
        round(cast(tax as numeric(30, 8)), 2) as tax,
        round(cast(tax_refunded as numeric(30, 8)), 2) as tax_refunded,
        round(cast(tips as numeric(30, 8)), 2) as tips
    from days
)

select * from final
