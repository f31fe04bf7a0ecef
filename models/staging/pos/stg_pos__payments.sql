with

payments as (

    select * from {{ ref('base_pos__payments') }}

),

good as (

    select
        -- keys
        payment_key,
        order_key,
        branch_id,
        cast(payment_id as {{ dbt.type_string() }}) as payment_id,
        cast(order_id as {{ dbt.type_string() }}) as order_id,

        -- what the payment is
        lower(trim(payment_method)) as method,
        payment_type,
        currency,

        -- money: a refund goes out
        cast(
            case when payment_type = 'refund' then -amount else amount end
            as {{ exact_type() }}
        ) as received_amount,
        cast(
            case when payment_type = 'refund' then -tax_amount else tax_amount end
            as {{ exact_type() }}
        ) as tax_amount,
        cast(tip_amount as {{ exact_type() }}) as tip_amount,

        -- times
        paid_at,
        deleted_at,

        -- load
        load_id
    from payments
    where {{ not_in_quarantine('pos', 'payments', 'payment_key') }}

)

select * from good
