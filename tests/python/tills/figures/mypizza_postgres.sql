-- The sample's till on Postgres: the till's own day figures, written from its tables alone.
-- Placeholders, each with a colon before it below:
--
-- zone            the branch's time zone, as Postgres knows it (text): 'America/Chicago'
-- cut_over_hours  hours after midnight at which a business day begins (integer): 4
--
-- One database is one branch, number 1. Prices are without tax.
with

orders_of_trade as (
    select
        order_id,
        gross_amount - discount_amount as net,
        tax_amount as tax,
        cast(
            ordered_at at time zone cast(:zone as text)
            - make_interval(hours => :cut_over_hours) as date
        ) as business_date
    from orders
    where status = 'completed'
),

-- Amounts are with tax and without the tip. A payment may be of an order of another day: a refund
-- and a tip count on the day on which they are paid.
payments_of_trade as (
    select
        payments.payment_type = 'refund' as is_refund,
        payments.amount,
        payments.tax_amount as tax,
        payments.tip_amount as tip,
        cast(
            payments.paid_at at time zone cast(:zone as text)
            - make_interval(hours => :cut_over_hours) as date
        ) as paid_on
    from payments
    inner join orders_of_trade on payments.order_id = orders_of_trade.order_id
),

figures as (
    select
        business_date,
        1 as orders,
        0 as taken,
        0 as paid_back,
        net,
        tax,
        0 as tax_refunded,
        0 as tips
    from orders_of_trade
    union all
    select
        paid_on as business_date,
        0 as orders,
        case when is_refund then -amount else amount end as taken,
        case when is_refund then amount else 0 end as paid_back,
        case when is_refund then tax - amount else 0 end as net,
        0 as tax,
        case when is_refund then tax else 0 end as tax_refunded,
        tip as tips
    from payments_of_trade
),

final as (
    select
        1 as branch,
        business_date,
        sum(orders) as orders,
        sum(taken) as taken,
        sum(paid_back) as paid_back,
        sum(net) as net,
        sum(tax) as tax,
        sum(tax_refunded) as tax_refunded,
        sum(tips) as tips
    from figures
    group by business_date
)

select * from final
