{{ config(enabled='odoo' in var('systems')) }}

with

customers as (

    select * from {{ ref('base_odoo__res_partner') }}

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
        preferred_language,
        cast(null as boolean) as accepts_marketing,

        -- times
        created_at,
        updated_at,
        deleted_at,

        -- load
        load_id
    from customers
    where {{ not_in_quarantine('odoo', 'res_partner', 'customer_key') }}

)

select * from masked
