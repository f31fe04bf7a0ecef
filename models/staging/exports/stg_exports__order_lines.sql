with

lines as (

    select * from {{ ref('stg_exports__lines') }}
    where quantity > 0

),

-- what a ticket gave back is a payment, and no line
final as (

    select
        -- keys
        {{ surrogate_key('branch_id', 'order_line_id') }} as order_line_key,
        {{ surrogate_key('branch_id', 'order_id') }} as order_key,
        branch_id,
        order_line_id,
        order_id,
        cast(row_number() over (
            partition by branch_id, order_id order by sold_at, line_key
        ) as integer) as line_number,
        product_id,

        -- what the line is
        'sale' as line_kind,
        article as description,

        -- quantity and money
        cast(quantity as numeric(12, 3)) as quantity,
        cast(unit_price as {{ exact_type() }}) as unit_price,
        cast(quantity * unit_price as {{ exact_type() }}) as gross_amount,
        cast(0 as {{ exact_type() }}) as discount_amount,
        cast(null as {{ exact_type() }}) as tax_amount,
        cast(tax_rate as numeric(9, 6)) as tax_rate,

        -- what the line gives back
        cast(null as {{ dbt.type_string() }}) as returned_order_line_id,

        -- times
        deleted_at,

        -- load
        load_id
    from lines

)

select * from final
