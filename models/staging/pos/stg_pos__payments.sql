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
        payment_id,
        order_id,

        -- what the payment is
        payment_method,
        payment_type,
        currency,

        -- money
        amount,
        tax_amount,
        tip_amount,

        -- times
        paid_at,
        updated_at,
        deleted_at,

        -- load
        load_id
    from payments
    where {{ not_in_quarantine('pos', 'payments', 'payment_key') }}

)

select * from good
