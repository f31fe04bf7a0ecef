with

products as (select * from {{ ref('int_products_recorded') }}),

-- the snapshot products_untimed compares the columns, where the till knows no time of change
untimed as (

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
        deleted_at,
        load_id
    from products
    where updated_at is null

)

select * from untimed
