-- Staging = marts, per branch and business date of the payment, over all days.
with payments as (
    select * from {{ ref('int_payments_recorded') }}
    where deleted_at is null
),

orders as (
    select * from {{ ref('int_orders_recorded') }}
    where deleted_at is null and status = 'completed'
),

branches as (
    select * from {{ ref('branches') }}
),

dated as (
    select
        payments.branch_id,
        {{ business_date('payments.paid_at', 'branches.time_zone', 'branches.cutover_hour') }}
            as business_date,
        payments.received_amount,
        payments.tip_amount
    from payments
    inner join orders
        on payments.branch_id = orders.branch_id and payments.order_id = orders.order_id
    inner join branches on payments.branch_id = branches.branch_id
),

staged as (
    select
        branch_id,
        business_date,
        count(*) as payments,
        sum(received_amount) as received,
        sum(tip_amount) as tips
    from dated
    group by branch_id, business_date
),

built as (
    select
        branch_id,
        business_date,
        count(*) as payments,
        sum(amount_exact) as received,
        sum(tip_amount_exact) as tips
    from {{ ref('fct_payments') }}
    group by branch_id, business_date
),

failures as (
    select
        coalesce(staged.branch_id, built.branch_id) as branch_id,
        coalesce(staged.business_date, built.business_date) as business_date,
        staged.payments as payments_in_staging,
        built.payments as payments_in_marts,
        staged.received as received_in_staging,
        built.received as received_in_marts,
        staged.tips as tips_in_staging,
        built.tips as tips_in_marts
    from staged
    full join built
        on staged.branch_id = built.branch_id and staged.business_date = built.business_date
    where
        staged.branch_id is null
        or built.branch_id is null
        or staged.payments <> built.payments
        or staged.received <> built.received
        or staged.tips <> built.tips
)

select * from failures
