with

order_lines as (

    select * from {{ ref('base_pos__order_lines') }}

),

good as (

    select
        -- keys
        order_line_key,
        order_key,
        branch_id,
        cast(order_line_id as {{ dbt.type_string() }}) as order_line_id,
        cast(order_id as {{ dbt.type_string() }}) as order_id,
        line_number,
        cast(product_id as {{ dbt.type_string() }}) as product_id,

        -- what the line is
        'sale' as line_kind,
        cast(null as {{ dbt.type_string() }}) as description,

        -- quantity and money
        cast(quantity as numeric(12, 3)) as quantity,
        cast(unit_price as {{ exact_type() }}) as unit_price,
        cast(quantity * unit_price as {{ exact_type() }}) as gross_amount,
        cast(discount_amount as {{ exact_type() }}) as discount_amount,
        cast(null as {{ exact_type() }}) as tax_amount,
        cast(null as numeric(9, 6)) as tax_rate,

        -- what the line gives back
        cast(null as {{ dbt.type_string() }}) as returned_order_line_id,

        -- times
        deleted_at,

        -- load
        load_id
    from order_lines
    where {{ not_in_quarantine('pos', 'order_lines', 'order_line_key') }}

)

select * from good
