{{ config(severity='warn') }}

-- A till's word for a way of paying that the seed payment_methods does not have counts as `other`.
with payments as (
    select * from {{ ref('int_payments_dated') }}
    where is_counted
),

methods as (
    select * from {{ ref('payment_methods') }}
),

failures as (
    select
        payments.system_name,
        payments.method,
        count(*) as payments,
        sum(payments.amount) as received_amount
    from payments
    left join methods
        on payments.system_name = methods.system and payments.method = methods.word
    where methods.word is null
    group by payments.system_name, payments.method
)

select * from failures
