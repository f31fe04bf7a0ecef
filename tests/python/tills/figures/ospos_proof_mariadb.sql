-- sqlfluff:dialect:mariadb
-- Open Source POS 3.4 on MariaDB: what proves a mapping, independent of the day figures: what was
-- paid against what was sold per day, and what was counted against what was paid per cash-up.
-- Placeholders, each with a colon before it below:
--
-- zone_offsets    as in ospos_mariadb.sql
-- cut_over_hours  hours after midnight at which a business day begins (integer): 4
-- cash_words, card_words, check_words, due_words
--                 the words of the shop's language for these ways of paying, each a JSON list
--                 (text): '["Cash"]', '["Credit Card", "Debit Card"]', '["Check"]', '["Due"]'
--
-- `closing` is a business date or the id of a cash-up; `difference` is recorded less recomputed.
--
-- Where the facts leave a doubt:
-- - a guest pays the tax of `ospos_sales_taxes`, which may be rounded, not that of the lines;
-- - a cash-up's times are the shop's wall clock; it has the payments from its opening to its close;
-- - `transfer_amount_cash` was put into the drawer; the counted total is without it and without the
--   amount that the drawer opened with; gift cards and reward points are not counted.
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

-- Where an order is: status 0 is completed; a quote (type 3) is none. Time: the wall clock.
-- Payments are compared on the day of their sale, on which their lines are, too.
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

-- Net: quantity x price, rounded, less the line's discount; no total is stored anywhere.
sale_lines as (
    select
        items.sale_id,
        sum(
            round(items.quantity_purchased * items.item_unit_price, 2)
            - case
                when items.discount_type = 0
                    then round(
                        items.quantity_purchased * items.item_unit_price * items.discount / 100, 2
                    )
                else round(items.quantity_purchased * items.discount, 2)
            end
        ) as net
    from ospos_sales_items as items
    group by items.sale_id
),

line_taxes as (
    select
        sale_id,
        sum(item_tax_amount) as tax
    from ospos_sales_items_taxes
    group by sale_id
),

sale_taxes as (
    select
        sale_id,
        sum(sale_tax_amount) as tax
    from ospos_sales_taxes
    group by sale_id
),

-- Change given: `cash_refund` beside `payment_amount`.
sale_payments as (
    select
        sale_id,
        sum(payment_amount - cash_refund) as paid
    from ospos_sales_payments
    group by sale_id
),

day_sums as (
    select
        sales.business_date,
        coalesce(sum(sale_payments.paid), 0) as paid,
        coalesce(sum(sale_lines.net), 0) as net,
        coalesce(sum(sale_taxes.tax), 0) as tax_of_sales,
        coalesce(sum(line_taxes.tax), 0) as tax_of_lines
    from sales
    left join sale_payments on sales.sale_id = sale_payments.sale_id
    left join sale_lines on sales.sale_id = sale_lines.sale_id
    left join sale_taxes on sales.sale_id = sale_taxes.sale_id
    left join line_taxes on sales.sale_id = line_taxes.sale_id
    group by sales.business_date
),

-- Time: `payment_time` is the server's UTC; a cash-up's times are the shop's wall clock, which its
-- form shows.
payments as (
    select
        recorded.payment_type,
        recorded.payment_amount - recorded.cash_refund as paid,
        timestampadd(
            second, unix_timestamp(recorded.payment_time), timestamp('1970-01-01')
        ) as paid_at_utc
    from ospos_sales_payments as recorded
    inner join sales on recorded.sale_id = sales.sale_id
),

typed_payments as (
    select
        timestampadd(second, zone_periods.seconds, payments.paid_at_utc) as paid_at,
        payments.paid,
        case
            when json_contains(:cash_words, json_quote(payments.payment_type)) then 'cash'
            when json_contains(:card_words, json_quote(payments.payment_type)) then 'card'
            when json_contains(:check_words, json_quote(payments.payment_type)) then 'check'
            when json_contains(:due_words, json_quote(payments.payment_type)) then 'due'
        end as kind
    from payments
    left join zone_periods
        on
            payments.paid_at_utc >= zone_periods.since
            and payments.paid_at_utc < coalesce(zone_periods.until, timestamp('9999-12-31'))
),

-- The till's own closing, where a shop uses it. Cash: what the drawer opened with, what was put
-- into it (`transfer_amount_cash`), and what was paid. Total: all kinds, without what the drawer
-- opened with and what was put into it.
cash_ups as (
    select
        cashup_id,
        timestampadd(second, unix_timestamp(open_date), timestamp('1970-01-01')) as opened_at,
        timestampadd(second, unix_timestamp(close_date), timestamp('1970-01-01')) as closed_at,
        open_amount_cash + transfer_amount_cash as float_amount,
        closed_amount_cash,
        closed_amount_card,
        closed_amount_check,
        closed_amount_due,
        closed_amount_total
    from ospos_cash_up
    where deleted = 0 and close_date is not null
),

cash_up_sums as (
    select
        cash_ups.cashup_id,
        coalesce(sum(if(typed_payments.kind = 'cash', typed_payments.paid, 0)), 0) as cash,
        coalesce(sum(if(typed_payments.kind = 'card', typed_payments.paid, 0)), 0) as card,
        coalesce(sum(if(typed_payments.kind = 'check', typed_payments.paid, 0)), 0) as cheque,
        coalesce(sum(if(typed_payments.kind = 'due', typed_payments.paid, 0)), 0) as due,
        coalesce(sum(if(typed_payments.kind is not null, typed_payments.paid, 0)), 0) as total
    from cash_ups
    left join typed_payments
        on
            cash_ups.opened_at <= typed_payments.paid_at
            and cash_ups.closed_at > typed_payments.paid_at
    group by cash_ups.cashup_id
),

compared as (
    select
        cast(business_date as char) as closing,
        'payments against lines plus tax' as figure,
        paid as recorded,
        net + tax_of_sales as recomputed
    from day_sums
    union all
    select
        cast(business_date as char) as closing,
        'tax of sales against tax of lines' as figure,
        tax_of_sales as recorded,
        tax_of_lines as recomputed
    from day_sums
    union all
    select
        cast(cash_ups.cashup_id as char) as closing,
        'counted cash against payments' as figure,
        cash_ups.closed_amount_cash as recorded,
        cash_up_sums.cash + cash_ups.float_amount as recomputed
    from cash_ups
    inner join cash_up_sums on cash_ups.cashup_id = cash_up_sums.cashup_id
    union all
    select
        cast(cash_ups.cashup_id as char) as closing,
        'counted card against payments' as figure,
        cash_ups.closed_amount_card as recorded,
        cash_up_sums.card as recomputed
    from cash_ups
    inner join cash_up_sums on cash_ups.cashup_id = cash_up_sums.cashup_id
    union all
    select
        cast(cash_ups.cashup_id as char) as closing,
        'counted check against payments' as figure,
        cash_ups.closed_amount_check as recorded,
        cash_up_sums.cheque as recomputed
    from cash_ups
    inner join cash_up_sums on cash_ups.cashup_id = cash_up_sums.cashup_id
    union all
    select
        cast(cash_ups.cashup_id as char) as closing,
        'counted due against payments' as figure,
        cash_ups.closed_amount_due as recorded,
        cash_up_sums.due as recomputed
    from cash_ups
    inner join cash_up_sums on cash_ups.cashup_id = cash_up_sums.cashup_id
    union all
    select
        cast(cash_ups.cashup_id as char) as closing,
        'counted total against payments' as figure,
        cash_ups.closed_amount_total as recorded,
        cash_up_sums.total as recomputed
    from cash_ups
    inner join cash_up_sums on cash_ups.cashup_id = cash_up_sums.cashup_id
),

final as (
    select
        closing,
        figure,
        round(recorded, 2) as recorded,
        round(recomputed, 2) as recomputed,
        round(recorded - recomputed, 2) as difference
    from compared
)

select * from final
