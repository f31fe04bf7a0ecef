with

lines as (

    select * from {{ ref('stg_exports__lines') }}
    where quantity > 0 and deleted_at is null and tax_rate is not null

),

-- included in the price, and rounded on the receipt; the tax that is given back is the payment's
rates as (

    select
        branch_id,
        order_id,
        tax_rate,
        sum(quantity * unit_price) as gross_amount,
        cast(sum(quantity * unit_price * tax_rate / (1 + tax_rate)) as numeric(12, 2))
            as tax_amount,
        max(load_id) as load_id
    from lines
    group by branch_id, order_id, tax_rate

),

final as (

    select
        -- keys
        {{ surrogate_key('branch_id', ['order_id', 'tax_rate']) }} as order_tax_key,
        {{ surrogate_key('branch_id', 'order_id') }} as order_key,
        branch_id,
        order_id,

        -- the tax
        cast(tax_rate as numeric(9, 6)) as tax_rate,
        false as is_refund,
        cast(gross_amount - tax_amount as {{ exact_type() }}) as taxable_amount,
        cast(tax_amount as {{ exact_type() }}) as tax_amount,

        -- times
        cast(null as timestamp with time zone) as deleted_at,

        -- load
        load_id
    from rates

)

select * from final
