with

payments as (

    select * from {{ ref('int_payments_recorded') }}

),

orders as (

    select * from {{ ref('int_orders_dated') }}

),

branches as (

    select * from {{ ref('branches') }}

),

final as (

    select
        -- keys
        payments.payment_key,
        payments.order_key,
        payments.branch_id,
        payments.payment_id,
        payments.order_id,
        orders.customer_key,

        -- what the payment is
        payments.payment_method,
        payments.payment_type,
        payments.currency,

        -- which rows count
        orders.is_counted and payments.deleted_at is null as is_counted,

        -- money: a sale comes in, a refund goes out
        payments.amount,
        payments.tax_amount,
        payments.tip_amount,
        cast(
            case
                when payments.payment_type = 'refund' then payments.amount - payments.tax_amount
                else 0
            end as numeric(12, 2)
        ) as refund_amount,
        cast(
            case
                when payments.payment_type = 'refund' then -payments.amount else payments.amount
            end as numeric(12, 2)
        ) as received_amount,

        -- times: a refund belongs to the day on which it is paid out
        payments.paid_at,
        {{ business_date('payments.paid_at', 'branches.time_zone', 'branches.cutover_hour') }}
            as business_date,

        -- load
        payments.load_id
    from payments
    inner join orders
        on payments.branch_id = orders.branch_id and payments.order_id = orders.order_id
    inner join branches on payments.branch_id = branches.branch_id

)

select * from final
