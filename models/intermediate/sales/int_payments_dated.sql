with

payments as (select * from {{ ref('int_payments_recorded') }}),

orders as (select * from {{ ref('int_orders_dated') }}),

branches as (select * from {{ ref('branches') }}),

methods as (select * from {{ ref('payment_methods') }}),

-- a refund belongs to the day on which it is paid out
dated as (

    select
        payments.*,
        orders.customer_key,
        orders.currency as order_currency,
        orders.minor_unit,
        orders.has_returns,
        orders.tax_amount + orders.tips_amount + {{ revenue_before_refunds(
            'orders.gross_amount', 'orders.discount_amount', 'orders.tax_amount',
            'orders.prices_include_tax'
        ) }} as to_pay,
        orders.refund_amount + orders.tax_refunded as returned_amount,
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
        ) as judged_type,
        {%- for paid, sign in [('paid_in', ''), ('paid_out', '-')] %}
        sum(case when deleted_at is null then greatest(0, {{ sign }}received_amount) else 0 end)
            over (partition by branch_id, order_id) as {{ paid }},
        {%- endfor %}
        coalesce(sum(case when deleted_at is null then greatest(0, -received_amount) end) over (
            partition by branch_id, order_id order by paid_at desc, payment_id desc
            rows between unbounded preceding and 1 preceding
        ), 0) as paid_out_later
    from dated

),

-- What a till gives back by returned lines is the order's, and not a second time here: a refund is
-- what was paid out beyond them and beyond the change, the newest payments first.
parted as (

    select
        *,
        case
            when judged_type <> 'refund' or tax_amount is null or received_amount >= 0 then 0
            when not has_returns then 1
            else
                least(-received_amount, greatest(
                    0, paid_out - greatest(0, paid_in - to_pay) - returned_amount - paid_out_later
                )) / -received_amount
        end as part_refunded
    from typed

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
        cast(
            coalesce(tax_amount - received_amount, 0) * part_refunded as {{ exact_type() }}
        ) as refund_amount,
        cast(coalesce(-tax_amount, 0) * part_refunded as {{ exact_type() }}) as tax_refunded,

        -- times
        paid_at,
        business_date,
        sold_on,

        -- load
        load_id
    from parted

)

select * from final
