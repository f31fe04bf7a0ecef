with

source as (

    select * from {{ source('pos', 'products') }}

),

renamed as (

    select
        -- keys
        cast(branch_id as {{ dbt.type_string() }}) as branch_id,
        product_id,
        cast(sku as {{ dbt.type_string() }}) as sku,

        -- what the product is
        cast(product_name as {{ dbt.type_string() }}) as product_name,
        cast(category as {{ dbt.type_string() }}) as category,
        cast(size as {{ dbt.type_string() }}) as size,
        cast(attributes as {{ dbt.type_string() }}) as attributes,
        is_active,

        -- money
        cast(unit_price as numeric(12, 2)) as unit_price,
        cast(unit_cost as numeric(12, 2)) as unit_cost,

        -- times
        created_at,
        updated_at,
        _deleted_at as deleted_at,

        -- load
        cast(_dlt_load_id as {{ dbt.type_string() }}) as load_id
    from source

)

select * from renamed
