with

customers as (

    select * from {{ ref('base_pos__customers') }}

),

masked as (

    select
        -- keys
        customer_key,
        branch_id,
        cast(customer_id as {{ dbt.type_string() }}) as customer_id,

        -- who the customer is: nothing that names or reaches anybody
        {{ dbt.concat(["substring(trim(full_name), 1, 1)", "'***'"]) }} as masked_name,
        {{ pseudonym("lower(trim(email))") }} as email_hash,
        {{ pseudonym("translate(phone, ' -()./', '')") }} as phone_hash,
        coalesce(trim(email), '') <> '' as has_email,
        coalesce(trim(phone), '') <> '' as has_phone,
        preferred_language,
        accepts_marketing,

        -- times
        created_at,
        updated_at,
        deleted_at,

        -- load
        load_id
    from customers
    where {{ not_in_quarantine('pos', 'customers', 'customer_key') }}

)

select * from masked
