-- What a trading day does to the days before it: corrections, refunds, customers who change their
-- particulars. The published year is never touched, so that its totals stand for ever.
create temp table known_orders on commit drop as
with recent as (
    select
        orders.order_id,
        orders.updated_at,
        today.business_date,
        today.midnight,
        today.tax_rate,
        luck(today.seed, orders.order_number) as luck,
        cast((
            orders.ordered_at at time zone today.time_zone - today.cutover_hour * interval '1 hour'
        ) as date) as sale_date
    from orders
    cross join today
    where
        today.is_open
        and orders.status = 'completed'
        and orders.ordered_at > today.midnight - interval '8 days'
)

select
    *,
    case
        when draw(luck, 'corrected') < 0.015 then 1 + floor(draw(luck, 'corrected after') * 3)
    end = business_date - sale_date as is_corrected,
    case
        when draw(luck, 'refunded') < 0.018 then floor(draw(luck, 'refunded after') * 7)
    end = business_date - sale_date as is_refunded
from recent
where sale_date > date '2015-12-31';

-- A correction: one line had a pizza too many (or one too few). The payments follow: the largest
-- takes the difference.
create temp table corrections on commit drop as
select
    known_orders.*,
    known_orders.midnight + interval '570 minutes'
    + draw(known_orders.luck, 'corrected at') * interval '3 hours' as corrected_at,
    1 + floor(
        draw(known_orders.luck, 'corrected line')
        * (
            select count(*) from order_lines
            where order_lines.order_id = known_orders.order_id
        )
    ) as line_number
from known_orders
where
    known_orders.is_corrected
    and not exists (
        select 1
        from payments
        where payments.order_id = known_orders.order_id and payments.payment_type = 'refund'
    );

update order_lines
set
    quantity = order_lines.quantity + case when order_lines.quantity > 1 then -1 else 1 end,
    discount_amount = round(
        order_lines.discount_amount
        * (order_lines.quantity + case when order_lines.quantity > 1 then -1 else 1 end)
        / order_lines.quantity,
        2
    ),
    updated_at = corrections.corrected_at
from corrections
where
    order_lines.order_id = corrections.order_id
    and order_lines.line_number = corrections.line_number;

with baskets as (
    select
        corrections.order_id,
        corrections.corrected_at,
        corrections.tax_rate,
        sum(order_lines.quantity * order_lines.unit_price) as gross_amount,
        sum(order_lines.discount_amount) as discount_amount
    from corrections
    inner join order_lines on corrections.order_id = order_lines.order_id
    group by corrections.order_id, corrections.corrected_at, corrections.tax_rate
),

taxed as (
    select
        *,
        round((gross_amount - discount_amount) * tax_rate, 2) as tax_amount
    from baskets
)

update orders
set
    gross_amount = taxed.gross_amount,
    discount_amount = taxed.discount_amount,
    tax_amount = taxed.tax_amount,
    total_amount = taxed.gross_amount - taxed.discount_amount + taxed.tax_amount,
    updated_at = taxed.corrected_at + interval '1.000021 seconds'
from taxed
where orders.order_id = taxed.order_id;

with paid as (
    select
        payments.payment_id,
        corrections.corrected_at,
        row_number() over (
            partition by payments.order_id order by payments.amount desc, payments.payment_id asc
        ) as size_rank,
        orders.total_amount - sum(payments.amount) over (partition by payments.order_id)
            as missing_amount,
        orders.tax_amount - sum(payments.tax_amount) over (partition by payments.order_id)
            as missing_tax_amount
    from corrections
    inner join orders on corrections.order_id = orders.order_id
    inner join payments on corrections.order_id = payments.order_id
)

update payments
set
    amount = payments.amount + paid.missing_amount,
    tax_amount = payments.tax_amount + paid.missing_tax_amount,
    updated_at = paid.corrected_at + interval '2.000043 seconds'
from paid
where payments.payment_id = paid.payment_id and paid.size_rank = 1;

-- A refund gives back every payment of the order, or a part of the largest.
create temp table refunds on commit drop as
with asked as (
    select
        known_orders.*,
        draw(known_orders.luck, 'refund in full') < 0.5 as is_full,
        cast((0.2 + 0.5 * draw(known_orders.luck, 'refund ratio')) as numeric) as ratio,
        case
            when known_orders.business_date = known_orders.sale_date
                then
                    known_orders.updated_at
                    + draw(known_orders.luck, 'refunded at') * interval '20 minutes'
            else
                known_orders.midnight
                + interval '13 hours'
                + draw(known_orders.luck, 'refunded at') * interval '8 hours'
        end as refunded_at
    from known_orders
    where known_orders.is_refunded
),

paid as (
    select
        payments.*,
        asked.is_full,
        asked.ratio,
        asked.refunded_at,
        row_number() over (
            partition by payments.order_id order by payments.amount desc, payments.payment_id asc
        ) as size_rank
    from asked
    inner join payments on asked.order_id = payments.order_id
    where payments.payment_type = 'sale'
)

select
    order_id,
    payment_method,
    currency,
    card_last_four,
    size_rank,
    refunded_at + size_rank * interval '1.000019 seconds' as refunded_at,
    case when is_full then amount else round(amount * ratio, 2) end as amount,
    case when is_full then tax_amount else round(tax_amount * ratio, 2) end as tax_amount
from paid
where is_full or size_rank = 1;

insert into payments (
    payment_id, order_id, payment_method, payment_type, amount, tax_amount, tip_amount, currency,
    card_last_four, paid_at, updated_at
)
select
    (select max(payments.payment_id) from payments
    )
    + row_number() over (order by order_id, size_rank)
        as payment_id,
    order_id,
    payment_method,
    'refund' as payment_type,
    amount,
    tax_amount,
    0 as tip_amount,
    currency,
    card_last_four,
    refunded_at as paid_at,
    refunded_at as updated_at
from refunds;

update orders
set updated_at = last_refunds.refunded_at + interval '0.500007 seconds'
from (
    select
        order_id,
        max(refunded_at) as refunded_at
    from refunds
    group by order_id
) as last_refunds
where orders.order_id = last_refunds.order_id;

-- Customers move, change their minds about advertising, or take their address back.
create temp table changes on commit drop as
with lucky as (
    select
        customers.customer_id,
        today.midnight,
        luck(today.luck, 'change-' || customers.customer_id) as luck
    from customers
    cross join today
    where today.is_open and customers.updated_at < today.midnight
)

select
    *,
    midnight + interval '10 hours' + draw(luck, 'at') * interval '11 hours' as changed_at
from lucky
where draw(luck, 'changed') < 0.002;

update customers
set
    email = case
        when draw(changes.luck, 'email') < 0.2 then null
        when draw(changes.luck, 'email') < 0.6
            then coalesce(customers.email, 'guest' || customers.customer_id || '@example.org')
        else customers.email
    end,
    accepts_marketing = draw(changes.luck, 'marketing') < 0.5,
    updated_at = changes.changed_at
from changes
where customers.customer_id = changes.customer_id;

update company.business_days
set
    orders = (select count(*) from drawn),
    cancelled = (
        select count(*) from sale_drafts
        where status = 'cancelled'
    ),
    discounted = (
        select count(*) from sale_drafts
        where coupon_rate > 0
    ),
    after_midnight = (
        select count(*) from drawn
        where is_after_midnight
    ),
    late_commits = (
        select count(*) from drawn
        where is_late
    ),
    corrections = (select count(*) from corrections),
    refunds = (select count(distinct order_id) from refunds),
    new_customers = (select count(*) from guest_drafts),
    changed_customers = (select count(*) from changes),
    new_products = (
        select count(*)
        from products
        inner join today on products.created_at > today.midnight
    ),
    price_changes = (
        select count(*)
        from products
        inner join prices on products.product_id = prices.product_id
        where prices.is_late and products.unit_price <> prices.unit_price
    )
from today
where business_days.business_date = today.business_date;
