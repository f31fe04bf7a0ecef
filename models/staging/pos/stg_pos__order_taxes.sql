with

orders as (

    select * from {{ ref('base_pos__orders') }}

),

-- the till knows one tax per order, and no rate: that is the branch's
good as (

    select
        -- keys
        {{ surrogate_key('branch_id', ['order_id', "'tax'"]) }} as order_tax_key,
        order_key,
        branch_id,
        cast(order_id as {{ dbt.type_string() }}) as order_id,

        -- the tax
        cast(null as numeric(9, 6)) as tax_rate,
        false as is_refund,
        cast(total_amount - tax_amount as {{ exact_type() }}) as taxable_amount,
        cast(tax_amount as {{ exact_type() }}) as tax_amount,

        -- times
        deleted_at,

        -- load
        load_id
    from orders
    where {{ not_in_quarantine('pos', 'orders', 'order_key') }}

)

select * from good
