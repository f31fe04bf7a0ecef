with

products as (

    select
        *,
        max(version_number) over (partition by branch_id, product_id) as versions
    from {{ ref('dim_products') }}

),

final as (

    select
        -- keys
        {{ surrogate_key('branch_id', 'product_id') }} as menu_item_key,
        product_key,
        branch_id,
        product_id,
        sku,
        chain_product_id,

        -- what the product is
        product_name,
        category,
        size,
        is_active,
        is_mapped,

        -- money
        unit_price,
        unit_cost,
        currency,

        -- history
        versions,
        valid_from
    from products
    where version_number = versions

)

select * from final
