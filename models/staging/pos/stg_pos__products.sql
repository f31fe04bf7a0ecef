with

products as (

    select * from {{ ref('base_pos__products') }}

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
        attributes,
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
    where {{ not_in_quarantine('pos', 'products', 'product_record_key') }}

)

select * from good
