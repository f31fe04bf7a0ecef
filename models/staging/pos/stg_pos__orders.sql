with

source as (

    select * from {{ source('pos', 'orders') }}

),

renamed as (

    select
        -- keys
        {{ surrogate_key('branch_id', 'order_id') }} as order_key,
        branch_id,
        order_id,
        order_number,
        {{ surrogate_key('branch_id', 'customer_id') }} as customer_key,
        customer_id,

        -- what the order is
        channel,
        status,
        currency,
        metadata,

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
        _dlt_load_id as load_id
    from source

)

select * from renamed
