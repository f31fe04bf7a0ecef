with

products as (select * from {{ ref('int_products_recorded') }}),

-- the snapshot products takes the till's own time of change
timed as (

    select
        branch_id,
        product_id,
        sku,
        product_name,
        category,
        size,
        attributes,
        is_active,
        unit_price,
        unit_cost,
        created_at,
        updated_at,
        deleted_at,
        load_id
    from products
    where updated_at is not null

)

select * from timed
