{{ config(enabled='odoo' in var('systems')) }}

with

products as (

    select * from {{ ref('base_odoo__product_product') }}

),

good as (

    select
        -- keys
        branch_id,
        product_id,
        sku,

        -- what the product is
        product_name,
        category,
        size,
        cast(null as {{ dbt.type_string() }}) as attributes,
        is_active,

        -- money
        unit_price,
        unit_cost,

        -- times
        created_at,
        updated_at,
        deleted_at,

        -- load
        load_id
    from products
    where {{ not_in_quarantine('odoo', 'product_product', 'product_record_key') }}

)

select * from good
