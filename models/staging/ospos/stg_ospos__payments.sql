{{ config(enabled='ospos' in var('systems')) }}

with

payments as (

    select * from {{ ref('base_ospos__ospos_sales_payments') }}

),

good as (

    select
        -- keys
        payment_key,
        order_key,
        branch_id,
        payment_id,
        order_id,

        -- what the payment is: no word says that money went out
        method,
        cast(null as {{ dbt.type_string() }}) as payment_type,
        currency,

        -- money
        cast(paid_amount - change_amount as {{ exact_type() }}) as received_amount,
        cast(null as {{ exact_type() }}) as tax_amount,
        cast(0 as {{ exact_type() }}) as tip_amount,

        -- times
        paid_at,
        deleted_at,

        -- load
        load_id
    from payments
    where {{ not_in_quarantine('ospos', 'ospos_sales_payments', 'payment_key') }}

)

select * from good
