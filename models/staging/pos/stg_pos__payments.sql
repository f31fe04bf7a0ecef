with

source as (

    select * from {{ source('pos', 'payments') }}

),

renamed as (

    select
        -- keys
        {{ surrogate_key('branch_id', 'payment_id') }} as payment_key,
        {{ surrogate_key('branch_id', 'order_id') }} as order_key,
        branch_id,
        payment_id,
        order_id,

        -- what the payment is; the card's digits stay in raw
        payment_method,
        payment_type,
        currency,

        -- money
        cast(amount as numeric(12, 2)) as amount,
        cast(tax_amount as numeric(12, 2)) as tax_amount,
        cast(tip_amount as numeric(12, 2)) as tip_amount,

        -- times
        paid_at,
        updated_at,
        _deleted_at as deleted_at,

        -- load
        _dlt_load_id as load_id
    from source

)

select * from renamed
