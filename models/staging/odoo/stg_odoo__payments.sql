{{ config(enabled='odoo' in var('systems')) }}
{%- set money = 'numeric(20, 8)' -%}

with

payments as (

    select * from {{ ref('base_odoo__pos_payment') }}
    where {{ not_in_quarantine('odoo', 'pos_payment', 'payment_key') }}

),

orders as (

    select * from {{ ref('base_odoo__pos_order') }}

),

-- change is a payment of its own, with a minus: an order's payments add up to what it was paid
good as (

    select
        -- keys
        payments.payment_key,
        payments.order_key,
        payments.branch_id,
        payments.payment_id,
        payments.order_id,

        -- what the payment is: the till does not tell refunds from sales
        payments.method,
        cast(null as {{ dbt.type_string() }}) as payment_type,
        payments.currency,

        -- money: tips are lines of the order
        payments.received_amount,
        cast(null as {{ money }}) as tax_amount,
        cast(0 as {{ money }}) as tip_amount,

        -- times
        payments.paid_at,
        payments.deleted_at,

        -- load
        payments.load_id
    from payments
    left join orders
        on payments.branch_id = orders.branch_id and payments.order_id = orders.order_id
    where not coalesce(orders.pays_a_debt, false)

)

select * from good
