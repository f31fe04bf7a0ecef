-- Staging = marts, per branch and business date of the payment, over all days.
with payments as (
    select * from {{ ref('int_payments_recorded') }}
    where deleted_at is null
),

orders as (
    select * from {{ ref('int_orders_recorded') }}
    where deleted_at is null and status <> 'cancelled'
),

branches as (
    select * from {{ ref('branches') }}
),

dated as (
    select
        payments.branch_id,
        {{ business_date('payments.paid_at', 'branches.time_zone', 'branches.cutover_hour') }}
            as business_date,
        case when payments.payment_type = 'sale' then payments.amount else 0 end as sale_amount,
        case when payments.payment_type = 'refund' then payments.amount else 0 end as refund_amount,
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
        sum(sale_amount) as sales,
        sum(refund_amount) as refunds,
        sum(tip_amount) as tips
    from dated
    group by branch_id, business_date
),

built as (
    select
        branch_id,
        business_date,
        count(*) as payments,
        sum(case when payment_type = 'sale' then amount else 0 end) as sales,
        sum(case when payment_type = 'refund' then amount else 0 end) as refunds,
        sum(tip_amount) as tips
    from {{ ref('fct_payments') }}
    group by branch_id, business_date
),

failures as (
    select
        coalesce(staged.branch_id, built.branch_id) as branch_id,
        coalesce(staged.business_date, built.business_date) as business_date,
        staged.payments as payments_in_staging,
        built.payments as payments_in_marts,
        staged.sales as sales_in_staging,
        built.sales as sales_in_marts,
        staged.refunds as refunds_in_staging,
        built.refunds as refunds_in_marts,
        staged.tips as tips_in_staging,
        built.tips as tips_in_marts
    from staged
    full join built
        on staged.branch_id = built.branch_id and staged.business_date = built.business_date
    where
        staged.branch_id is null
        or built.branch_id is null
        or staged.payments <> built.payments
        or staged.sales <> built.sales
        or staged.refunds <> built.refunds
        or staged.tips <> built.tips
)

select * from failures
