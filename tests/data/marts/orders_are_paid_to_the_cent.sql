-- The sale payments of an order are what the guest had to pay: gross, less discount, plus tax.
-- An order is looked at when any part of it is new: in the mart it has the newest part's load.
with new_orders as (
    select order_key from {{ ref('fct_orders') }}
    where {{ new_rows() }}
),

orders as (
    select dated.*
    from {{ ref('int_orders_dated') }} as dated
    inner join new_orders on dated.order_key = new_orders.order_key
    where dated.is_counted
),

payments as (
    select * from {{ ref('fct_payments') }}
    where payment_type = 'sale'
),

compared as (
    select
        orders.order_key,
        orders.branch_id,
        orders.business_date,
        orders.order_number,
        orders.total_amount,
        orders.gross_amount - orders.discount_amount
        + case when orders.prices_include_tax then 0 else orders.tax_amount end as amount_to_pay,
        coalesce(sum(payments.amount), 0) as amount_paid
    from orders
    left join payments on orders.order_key = payments.order_key
    group by
        orders.order_key,
        orders.branch_id,
        orders.business_date,
        orders.order_number,
        orders.total_amount,
        orders.gross_amount,
        orders.discount_amount,
        orders.tax_amount,
        orders.prices_include_tax
),

failures as (
    select * from compared
    where total_amount <> amount_to_pay or total_amount <> amount_paid
)

select * from failures
