{{ config(enabled='unicenta' in var('systems')) }}

with

payments as (

    select * from {{ ref('base_unicenta__payments') }}
    where {{ not_in_quarantine('unicenta', 'payments', 'payment_key') }}

),

receipts as (

    select * from {{ ref('base_unicenta__receipts') }}

),

-- a receipt without a ticket moves cash, and a ticket of another type pays a debt
tickets as (

    select * from {{ ref('base_unicenta__tickets') }}
    where ticket_type in (0, 1)

),

final as (

    select
        -- keys
        payments.payment_key,
        payments.order_key,
        payments.branch_id,
        payments.payment_id,
        payments.order_id,

        -- what the payment is: some words say that money went out
        payments.method,
        case when payments.method in ('cashrefund', 'ccardrefund') then 'refund' end
            as payment_type,
        payments.currency,

        -- money
        cast(payments.received_amount as {{ exact_type() }}) as received_amount,
        cast(null as {{ exact_type() }}) as tax_amount,
        cast(coalesce(payments.tip_amount, 0) as {{ exact_type() }}) as tip_amount,

        -- times
        receipts.sold_at as paid_at,
        payments.deleted_at,

        -- load
        payments.load_id
    from payments
    inner join tickets
        on payments.branch_id = tickets.branch_id and payments.order_id = tickets.order_id
    inner join receipts
        on payments.branch_id = receipts.branch_id and payments.order_id = receipts.order_id

)

select * from final
