{{ config(severity='warn') }}

-- What a guest had to pay is what the order says it was in total, and what was paid: gross, less
-- discount, plus tax, less what it gave back. A finding, never a stop.
with orders as (
    select * from {{ ref('fct_orders') }}
    where {{ new_rows() }}
),

totals as (
    select * from {{ ref('int_orders_dated') }}
),

compared as (
    select
        orders.order_key,
        orders.branch_id,
        orders.business_date,
        orders.order_number,
        orders.unpaid_amount_exact,
        totals.total_amount,
        totals.gross_amount - totals.discount_amount
        + case when totals.prices_include_tax then 0 else totals.tax_amount end
        - totals.refund_amount - totals.tax_refunded + totals.tips_amount as amount_to_pay
    from orders
    inner join totals on orders.order_key = totals.order_key
    where totals.is_counted
),

failures as (
    select * from compared
    where abs(total_amount - amount_to_pay) >= 0.01 or abs(unpaid_amount_exact) >= 0.01
)

select * from failures
