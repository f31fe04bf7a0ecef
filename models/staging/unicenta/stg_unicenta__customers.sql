{{ config(enabled='unicenta' in var('systems')) }}

with

customers as (

    select * from {{ ref('base_unicenta__customers') }}
    where {{ not_in_quarantine('unicenta', 'customers', 'customer_key') }}

),

masked as (

    select
        -- keys
        customer_key,
        branch_id,
        customer_id,

        -- who the customer is: nothing that names or reaches anybody
        {{ dbt.concat(["substring(trim(full_name), 1, 1)", "'***'"]) }} as masked_name,
        {{ pseudonym("lower(trim(email))") }} as email_hash,
        {{ pseudonym("translate(phone, ' -()./', '')") }} as phone_hash,
        coalesce(trim(email), '') <> '' as has_email,
        coalesce(trim(phone), '') <> '' as has_phone,
        cast(null as {{ dbt.type_string() }}) as preferred_language,
        cast(null as boolean) as accepts_marketing,

        -- times: the till keeps none
        cast(null as timestamp with time zone) as created_at,
        cast(null as timestamp with time zone) as updated_at,
        deleted_at,

        -- load
        load_id
    from customers

)

select * from masked
