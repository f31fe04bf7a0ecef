-- The sale payments of an order are what the guest had to pay: gross, less discount, plus tax.
with orders as (
    select * from {{ ref('int_orders_dated') }}
    where {{ new_rows() }} and is_counted
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
