with

source as (

    select * from {{ source('pos', 'order_lines') }}

),

renamed as (

    select
        -- keys
        {{ surrogate_key('branch_id', 'order_line_id') }} as order_line_key,
        {{ surrogate_key('branch_id', 'order_id') }} as order_key,
        cast(branch_id as {{ dbt.type_string() }}) as branch_id,
        order_line_id,
        order_id,
        cast(line_number as integer) as line_number,
        product_id,

        -- quantity and money
        cast(quantity as integer) as quantity,
        cast(unit_price as numeric(12, 2)) as unit_price,
        cast(discount_amount as numeric(12, 2)) as discount_amount,

        -- times
        updated_at,
        _deleted_at as deleted_at,

        -- load
        cast(_dlt_load_id as {{ dbt.type_string() }}) as load_id
    from source

)

select * from renamed
