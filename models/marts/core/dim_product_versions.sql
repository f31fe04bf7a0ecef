with

versions as (select * from {{ ref('int_products_versioned') }}),

final as (

    select
        -- keys; another name than in facts and reports: each of their rows is of one version
        product_version_key,
        product_key as versioned_product_key,
        branch_id,

        -- what the product was
        product_name,
        category,
        size,
        is_active,

        -- money
        {{ money('unit_price', 'minor_unit') }} as unit_price,
        {{ money('unit_cost', 'minor_unit') }} as unit_cost,
        currency,

        -- history
        version_number,
        valid_from,
        valid_to,
        is_current
    from versions

)

select * from final
