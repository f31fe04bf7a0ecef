with

products as (

    select * from {{ ref('base_pos__products') }}

),

good as (

    select
        -- keys
        branch_id,
        cast(product_id as {{ dbt.type_string() }}) as product_id,
        sku,

        -- what the product is
        product_name,
        category,
        size,
        attributes,
        is_active,

        -- money
        cast(unit_price as {{ exact_type() }}) as unit_price,
        cast(unit_cost as {{ exact_type() }}) as unit_cost,

        -- times
        created_at,
        updated_at,
        deleted_at,

        -- load
        load_id
    from products
    where {{ not_in_quarantine('pos', 'products', 'product_record_key') }}

)

select * from good
