with

source as (

    select * from {{ source('pos', 'orders') }}

),

renamed as (

    select
        -- keys
        {{ surrogate_key('branch_id', 'order_id') }} as order_key,
        cast(branch_id as {{ dbt.type_string() }}) as branch_id,
        order_id,
        cast(order_number as {{ dbt.type_string() }}) as order_number,
        {{ surrogate_key('branch_id', 'customer_id') }} as customer_key,
        customer_id,

        -- what the order is
        cast(channel as {{ dbt.type_string() }}) as channel,
        cast(status as {{ dbt.type_string() }}) as status,
        cast(currency as {{ dbt.type_string() }}) as currency,
        cast(metadata as {{ dbt.type_string() }}) as metadata,

        -- money
        cast(gross_amount as numeric(12, 2)) as gross_amount,
        cast(discount_amount as numeric(12, 2)) as discount_amount,
        cast(tax_amount as numeric(12, 2)) as tax_amount,
        cast(total_amount as numeric(12, 2)) as total_amount,

        -- times
        ordered_at,
        created_at,
        updated_at,
        _deleted_at as deleted_at,

        -- load
        cast(_dlt_load_id as {{ dbt.type_string() }}) as load_id
    from source

)

select * from renamed
