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

methods as (

    select * from {{ ref('payment_methods') }}

),

-- a refund belongs to the day on which it is paid out
dated as (

    select
        payments.*,
        orders.customer_key,
        orders.currency as order_currency,
        orders.minor_unit,
        orders.has_returns,
        orders.business_date as sold_on,
        orders.is_counted and payments.deleted_at is null as is_counted,
        coalesce(
            methods.payment_method,
            case coalesce(payments.method, 'unknown')
                when 'unknown' then 'unknown' else 'other'
            end
        ) as payment_method,
        {{ business_date('payments.paid_at', 'branches.time_zone', 'branches.cutover_hour') }}
            as business_date
    from payments
    inner join orders
        on payments.branch_id = orders.branch_id and payments.order_id = orders.order_id
    inner join branches on payments.branch_id = branches.branch_id
    left join methods
        on payments.system_name = methods.system and payments.method = methods.word

),

-- where the till does not say: a refund, if the order paid out money on that day, all in all
typed as (

    select
        *,
        coalesce(
            payment_type,
            case
                when
                    sum(case when deleted_at is null then received_amount else 0 end)
                        over (partition by branch_id, order_id, business_date)
                    < 0
                    then 'refund'
                else 'sale'
            end
        ) as judged_type
    from dated

),

final as (

    select
        -- keys
        payment_key,
        order_key,
        branch_id,
        payment_id,
        order_id,
        customer_key,

        -- what the payment is
        system_name,
        coalesce(method, 'unknown') as method,
        payment_method,
        judged_type as payment_type,
        coalesce(currency, order_currency) as currency,
        minor_unit,

        -- which rows count
        is_counted,

        -- money: what came in; below 0, what went out
        received_amount as amount,
        tax_amount,
        tip_amount,
        cast(
            case when judged_type = 'refund' then -received_amount else 0 end as {{ exact_type() }}
        ) as paid_back_amount,
        -- what a till gives back by returned lines is the order's, and not a second time here
        cast(
            case
                when judged_type = 'refund' and not has_returns and tax_amount is not null
                    then tax_amount - received_amount
                else 0
            end as {{ exact_type() }}
        ) as refund_amount,
        cast(
            case
                when judged_type = 'refund' and not has_returns and tax_amount is not null
                    then -tax_amount
                else 0
            end as {{ exact_type() }}
        ) as tax_refunded,

        -- times
        paid_at,
        business_date,
        sold_on,

        -- load
        load_id
    from typed

)

select * from final
