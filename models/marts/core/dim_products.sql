with

versions as (

    select * from {{ ref('int_products_versioned') }}

),

final as (

    select
        -- keys
        product_key,
        branch_id,
        product_id,
        sku,

        -- what the product is
        product_name,
        category,
        size,
        is_active,

        -- money
        {{ money('unit_price') }} as unit_price,
        {{ money('unit_cost') }} as unit_cost,
        currency,

        -- history
        version_number,
        valid_from,
        valid_to,
        is_current
    from versions

)

select * from final
