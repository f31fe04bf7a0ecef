with

versions as (

    select
        *,
        max(version_number) over (partition by branch_id, product_id) as versions
    from {{ ref('int_products_versioned') }}

),

recorded as (select * from {{ ref('int_products_recorded') }}),

chain_products as (select * from {{ ref('chain_products') }}),

-- the till's product, whichever branch sells it
mapped as (

    select
        recorded.branch_id,
        recorded.product_id,
        chain_products.chain_product_id
    from recorded
    inner join chain_products
        on
            recorded.system_name = chain_products.system
            and recorded.product_id = chain_products.product_id

),

final as (

    select
        -- keys
        versions.product_key,
        versions.branch_id,
        versions.product_id,
        versions.sku,
        coalesce(mapped.chain_product_id, versions.sku) as chain_product_id,

        -- what the product is
        versions.product_name,
        versions.category,
        versions.size,
        versions.is_active,
        mapped.chain_product_id is not null as is_mapped,

        -- money
        {{ money('versions.unit_price', 'versions.minor_unit') }} as unit_price,
        {{ money('versions.unit_cost', 'versions.minor_unit') }} as unit_cost,
        versions.currency,

        -- history
        versions.versions,
        versions.valid_from
    from versions
    left join mapped
        on versions.branch_id = mapped.branch_id and versions.product_id = mapped.product_id
    where versions.version_number = versions.versions

)

select * from final
