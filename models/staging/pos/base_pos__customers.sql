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

        -- who the customer is, in plain text
        cast(full_name as {{ dbt.type_string() }}) as full_name,
        cast(email as {{ dbt.type_string() }}) as email,
        cast(phone as {{ dbt.type_string() }}) as phone,
        cast(preferences as {{ dbt.type_string() }}) as preferences,
        cast(preferred_language as {{ dbt.type_string() }}) as preferred_language,
        accepts_marketing,

        -- times
        created_at,
        updated_at,
        _deleted_at as deleted_at,

        -- load
        cast(_dlt_load_id as {{ dbt.type_string() }}) as load_id
    from source

)

select * from renamed
