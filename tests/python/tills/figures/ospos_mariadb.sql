-- sqlfluff:dialect:mariadb
-- Open Source POS 3.4 on MariaDB: the till's own day figures, written from the facts alone.
-- Placeholders, each with a colon before it below:
--
-- zone_offsets    the branch's time zone as a JSON list of its offsets from UTC in seconds, the
--                 oldest first, the first from before the till's first payment, `since` in UTC
--                 (text): '[{"since": "1970-01-01 00:00:00", "seconds": 3600},
--                 {"since": "2026-03-29 01:00:00", "seconds": 7200}]'. A zone's name would not do:
--                 convert_tz gives null where the server has no table of time zones.
-- cut_over_hours  hours after midnight at which a business day begins (integer): 4
--
-- The session's time zone does not matter. One database is one branch, number 1.
--
-- Where the facts leave a doubt:
-- - a payment counts on the day of its `payment_time`, also where its sale is on another day;
-- - Due, gift cards and rows with `cash_adjustment` are payments like others;
-- - a work order of status 0 is a completed sale; a sale of type 4 that also sells is an order;
-- - an amount of discount is for each unit, as the program's own reports take it off;
-- - quantity x price is rounded, and so is the discount, before one is taken from the other;
-- - tax is that of the lines, of four places, also where the till rounds it once per sale;
-- - paid_back is what a sale paid out as a whole on a day; tax_refunded is as positive.
with recursive

-- Time: which offset holds from when to when.
zone_offsets as (
    select
        0 as position,
        json_extract(:zone_offsets, '$[0]') as entry
    union all
    select
        position + 1 as position,
        json_extract(:zone_offsets, concat('$[', position + 1, ']')) as entry
    from zone_offsets
    where position + 1 < json_length(:zone_offsets)
),

zone_periods as (
    select
        cast(json_value(entry, '$.seconds') as signed) as seconds,
        cast(json_value(entry, '$.since') as datetime) as since,
        cast(lead(json_value(entry, '$.since')) over (order by position) as datetime) as until
    from zone_offsets
),

-- Branch: one. Where an order is: status 0 is completed; a quote (type 3) is none.
-- Time: the shop's wall clock, written into a server that runs in UTC, so what reads as UTC there
-- is the wall clock. unix_timestamp reads it in every session alike.
sales as (
    select
        sale_id,
        cast(
            timestampadd(
                second,
                unix_timestamp(sale_time) - :cut_over_hours * 3600,
                timestamp('1970-01-01')
            ) as date
        ) as business_date
    from ospos_sales
    where sale_status = 0 and sale_type <> 3
),

-- Money: tax on top, four places; a line may have several.
line_taxes as (
    select
        sale_id,
        item_id,
        line,
        sum(item_tax_amount) as tax
    from ospos_sales_items_taxes
    group by sale_id, item_id, line
),

-- Discount: type 0 is a percentage of the line, 1 an amount off each unit; either makes a returned
-- line smaller, too. The till calls a line's net quantity x price, rounded, less its discount:
-- whole cents.
-- Refund: minus quantities, in a sale of type 4 as in an exchange. Kit: its items are at 0.
lines_of_trade as (
    select
        sales.business_date,
        sales.sale_id,
        items.quantity_purchased as quantity,
        items.item_unit_price as price,
        coalesce(line_taxes.tax, 0) as tax,
        round(items.quantity_purchased * items.item_unit_price, 2)
        - case
            when items.discount_type = 0
                then round(
                    items.quantity_purchased * items.item_unit_price * items.discount / 100, 2
                )
            else round(items.quantity_purchased * items.discount, 2)
        end as net
    from ospos_sales_items as items
    inner join sales on items.sale_id = sales.sale_id
    left join line_taxes
        on
            items.sale_id = line_taxes.sale_id
            and items.item_id = line_taxes.item_id
            and items.line = line_taxes.line
),

-- A sale is an order when a line of it sells: quantity above 0, price not below 0.
sale_figures as (
    select
        business_date,
        max(quantity > 0 and price >= 0) as sells,
        sum(net) as net,
        sum(case when quantity < 0 then 0 else tax end) as tax,
        -sum(case when quantity < 0 then tax else 0 end) as tax_refunded
    from lines_of_trade
    group by business_date, sale_id
),

-- Ways of paying: every one counts, Due and gift cards, too, in any language.
-- Change given: `cash_refund` beside `payment_amount`.
-- Time: `payment_time` is the server's UTC. A payment counts on the day on which it was made.
payments as (
    select
        sales.sale_id,
        recorded.payment_amount - recorded.cash_refund as paid,
        timestampadd(
            second, unix_timestamp(recorded.payment_time), timestamp('1970-01-01')
        ) as paid_at_utc
    from ospos_sales_payments as recorded
    inner join sales on recorded.sale_id = sales.sale_id
),

dated_payments as (
    select
        payments.sale_id,
        payments.paid,
        cast(
            timestampadd(
                second, zone_periods.seconds - :cut_over_hours * 3600, payments.paid_at_utc
            ) as date
        ) as business_date
    from payments
    left join zone_periods
        on
            payments.paid_at_utc >= zone_periods.since
            and payments.paid_at_utc < coalesce(zone_periods.until, timestamp('9999-12-31'))
),

-- A sale whose payments of a day come to less than 0 paid money out.
sale_payments as (
    select
        business_date,
        sum(paid) as taken,
        greatest(-sum(paid), 0) as paid_back
    from dated_payments
    group by business_date, sale_id
),

-- A day may have sales without a payment, and payments without a sale. Tip: none.
both_kinds as (
    select
        business_date,
        sells,
        0 as taken,
        0 as paid_back,
        net,
        tax,
        tax_refunded
    from sale_figures
    union all
    select
        business_date,
        0 as sells,
        taken,
        paid_back,
        0 as net,
        0 as tax,
        0 as tax_refunded
    from sale_payments
),

-- Summed exactly, rounded once.
final as (
    select
        1 as branch,
        business_date,
        cast(sum(sells) as signed) as orders,
        round(sum(taken), 2) as taken,
        round(sum(paid_back), 2) as paid_back,
        round(sum(net), 2) as net,
        round(sum(tax), 2) as tax,
        round(sum(tax_refunded), 2) as tax_refunded,
        cast(0 as decimal(15, 2)) as tips
    from both_kinds
    group by business_date
)

select * from final
