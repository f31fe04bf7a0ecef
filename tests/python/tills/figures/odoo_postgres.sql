-- Odoo 17's point of sale on Postgres: the till's own day figures, written from the facts alone.
-- Placeholders, each with a colon before it below:
--
-- zone            the branch's time zone, as Postgres knows it (text): 'Europe/Brussels'
-- cut_over_hours  hours after midnight at which a business day begins (integer): 4
-- places          decimal places of the branch's currency (integer): 2
--
-- Every shop of the database is in the answer, in this one zone and this many places. Where shops
-- differ, ask once for each zone and currency, and take the shops that have it.
--
-- Where the facts leave a doubt:
-- - payments count on their order's day, not on that of `payment_date`;
-- - an order on the customer's account is taken on the day of the order;
-- - an order with nothing but a tip is none; tax on a tip is within tips, not within tax;
-- - a tip that is given back makes tips less, not paid_back more;
-- - paid_back is what an order paid out as a whole; tax_refunded is as positive as paid_back;
-- - tax is that of the lines, also where the till rounds `amount_tax` once per order.
with

-- Branch: the order's own config, or its session's where it has none.
-- Where an order is: drafts and cancelled orders are left out.
-- Time: UTC, in a column without zone. Lines and payments count on their order's day.
orders_of_trade as (
    select
        pos_order.id as order_id,
        pos_config.id as branch,
        pos_config.tip_product_id,
        cast(
            pos_order.date_order at time zone 'UTC' at time zone cast(:zone as text)
            - make_interval(hours => :cut_over_hours) as date
        ) as business_date
    from pos_order
    inner join pos_session on pos_order.session_id = pos_session.id
    inner join pos_config on coalesce(pos_order.config_id, pos_session.config_id) = pos_config.id
    where pos_order.state in ('paid', 'done', 'invoiced')
),

-- Tip: a line of the shop's product for it, as paid, with any tax in it.
-- Refund: a minus line, which names the line that it gives back; a receipt may have both kinds.
-- Combo: the parent is at 0 and the children have the price, so all lines are summed.
order_lines as (
    select
        orders_of_trade.order_id,
        pos_order_line.price_subtotal,
        pos_order_line.price_subtotal_incl,
        coalesce(pos_order_line.qty, 0) as quantity,
        coalesce(
            pos_order_line.product_id = orders_of_trade.tip_product_id, false
        ) as is_tip,
        coalesce(pos_order_line.qty, 0) < 0
        or pos_order_line.refunded_orderline_id is not null as is_returned
    from pos_order_line
    inner join orders_of_trade on pos_order_line.order_id = orders_of_trade.order_id
),

-- Discount: a percentage, already in `price_subtotal`, or a product with a minus price. A line
-- sells when its quantity is above 0, its price is not below 0, and it is no tip.
line_sums as (
    select
        order_id,
        bool_or(
            not is_tip and not is_returned and quantity > 0 and price_subtotal >= 0
        ) as sells,
        sum(price_subtotal) filter (where not is_tip) as net,
        sum(price_subtotal_incl - price_subtotal) filter (
            where not is_tip and not is_returned
        ) as tax,
        -sum(price_subtotal_incl - price_subtotal) filter (
            where not is_tip and is_returned
        ) as tax_refunded,
        sum(price_subtotal_incl) filter (where is_tip) as tips
    from order_lines
    group by order_id
),

-- Ways of paying: every method counts, the customer's account (without a journal), too.
-- Change given: a minus payment of its own, so the sum of an order's payments is less change.
payment_sums as (
    select
        pos_order_id as order_id,
        sum(amount) as paid
    from pos_payment
    group by pos_order_id
),

-- Tips are within what was paid, and are left out of what was taken.
order_figures as (
    select
        orders_of_trade.branch,
        orders_of_trade.business_date,
        coalesce(line_sums.sells, false) as sells,
        coalesce(payment_sums.paid, 0) - coalesce(line_sums.tips, 0) as taken,
        coalesce(line_sums.net, 0) as net,
        coalesce(line_sums.tax, 0) as tax,
        coalesce(line_sums.tax_refunded, 0) as tax_refunded,
        coalesce(line_sums.tips, 0) as tips
    from orders_of_trade
    left join line_sums on orders_of_trade.order_id = line_sums.order_id
    left join payment_sums on orders_of_trade.order_id = payment_sums.order_id
),

-- An order whose payments come to less than 0 paid money out.
days as (
    select
        branch,
        business_date,
        count(*) filter (where sells) as orders,
        sum(taken) as taken,
        sum(greatest(-taken, 0)) as paid_back,
        sum(net) as net,
        sum(tax) as tax,
        sum(tax_refunded) as tax_refunded,
        sum(tips) as tips
    from order_figures
    group by branch, business_date
),

-- Money: numeric with float noise. Summed exactly and rounded once; eight places first, so that a
-- sum that misses a half cent by a hair is that half cent.
final as (
    select
        branch,
        business_date,
        orders,
        round(cast(taken as numeric(30, 8)), :places) as taken,
        round(cast(paid_back as numeric(30, 8)), :places) as paid_back,
        round(cast(net as numeric(30, 8)), :places) as net,
        round(cast(tax as numeric(30, 8)), :places) as tax,
        round(cast(tax_refunded as numeric(30, 8)), :places) as tax_refunded,
        round(cast(tips as numeric(30, 8)), :places) as tips
    from days
)

select * from final
