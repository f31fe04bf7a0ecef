with

source as (

    select * from {{ source('pos', 'customers') }}

),

renamed as (

    select
        -- keys
        {{ surrogate_key('branch_id', 'customer_id') }} as customer_key,
        cast(branch_id as {{ dbt.type_string() }}) as branch_id,
        customer_id,

        -- who the customer is; name, address, number and free preferences stay in raw
        cast(preferred_language as {{ dbt.type_string() }}) as preferred_language,
        accepts_marketing,
        coalesce(email, '') <> '' as has_email,
        coalesce(phone, '') <> '' as has_phone,

        -- times
        created_at,
        updated_at,
        _deleted_at as deleted_at,

        -- load
        cast(_dlt_load_id as {{ dbt.type_string() }}) as load_id
    from source

)

select * from renamed
