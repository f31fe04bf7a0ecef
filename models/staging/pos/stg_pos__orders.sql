with

orders as (

    select * from {{ ref('base_pos__orders') }}

),

good as (

    select
        -- keys
        order_key,
        branch_id,
        order_id,
        order_number,
        customer_key,
        customer_id,

        -- what the order is
        channel,
        status,
        currency,
        metadata,

        -- money
        gross_amount,
        discount_amount,
        tax_amount,
        total_amount,

        -- times
        ordered_at,
        created_at,
        updated_at,
        deleted_at,

        -- load
        load_id
    from orders
    where {{ not_in_quarantine('pos', 'orders', 'order_key') }}

)

select * from good
