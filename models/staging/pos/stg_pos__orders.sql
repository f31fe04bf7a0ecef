with

orders as (

    select * from {{ ref('base_pos__orders') }}

),

good as (

    select
        -- keys
        order_key,
        branch_id,
        cast(order_id as {{ dbt.type_string() }}) as order_id,
        order_number,
        customer_key,
        cast(customer_id as {{ dbt.type_string() }}) as customer_id,
        cast(null as {{ dbt.type_string() }}) as closing_id,

        -- what the order is: this till gives back by a payment, so every order sells
        channel,
        status,
        'sale' as order_kind,
        currency,
        cast(null as boolean) as amounts_include_tax,

        -- money
        cast(gross_amount as {{ exact_type() }}) as gross_amount,
        cast(discount_amount as {{ exact_type() }}) as discount_amount,
        cast(tax_amount as {{ exact_type() }}) as tax_amount,
        cast(total_amount as {{ exact_type() }}) as total_amount,
        cast(0 as {{ exact_type() }}) as returned_amount,
        cast(0 as {{ exact_type() }}) as tax_refunded,
        cast(0 as {{ exact_type() }}) as tips_amount,

        -- times
        ordered_at,
        deleted_at,

        -- load
        load_id
    from orders
    where {{ not_in_quarantine('pos', 'orders', 'order_key') }}

)

select * from good
