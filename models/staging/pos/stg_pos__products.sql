with

source as (

    select * from {{ source('pos', 'products') }}

),

renamed as (

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
        cast(unit_price as numeric(12, 2)) as unit_price,
        cast(unit_cost as numeric(12, 2)) as unit_cost,

        -- times
        created_at,
        updated_at,
        _deleted_at as deleted_at,

        -- load
        _dlt_load_id as load_id
    from source

)

select * from renamed
