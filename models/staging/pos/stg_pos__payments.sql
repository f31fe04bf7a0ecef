with

source as (

    select * from {{ source('pos', 'payments') }}

),

renamed as (

    select
        -- keys
        {{ surrogate_key('branch_id', 'payment_id') }} as payment_key,
        {{ surrogate_key('branch_id', 'order_id') }} as order_key,
        cast(branch_id as {{ dbt.type_string() }}) as branch_id,
        payment_id,
        order_id,

        -- what the payment is; the card's digits stay in raw
        cast(payment_method as {{ dbt.type_string() }}) as payment_method,
        cast(payment_type as {{ dbt.type_string() }}) as payment_type,
        cast(currency as {{ dbt.type_string() }}) as currency,

        -- money
        cast(amount as numeric(12, 2)) as amount,
        cast(tax_amount as numeric(12, 2)) as tax_amount,
        cast(tip_amount as numeric(12, 2)) as tip_amount,

        -- times
        paid_at,
        updated_at,
        _deleted_at as deleted_at,

        -- load
        cast(_dlt_load_id as {{ dbt.type_string() }}) as load_id
    from source

)

select * from renamed
