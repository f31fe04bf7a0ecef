with

customers as (

    select * from {{ ref('base_exports__customers') }}

),

masked as (

    select
        -- keys
        customer_key,
        branch_id,
        customer_id,

        -- who the customer is: nothing that names or reaches anybody
        {{ dbt.concat(["substring(full_name, 1, 1)", "'***'"]) }} as masked_name,
        {{ pseudonym("lower(email)") }} as email_hash,
        {{ pseudonym("translate(phone, ' -()./', '')") }} as phone_hash,
        email is not null as has_email,
        phone is not null as has_phone,

        -- times: a customer whom no line names any more is gone
        cast(null as timestamp with time zone) as deleted_at,

        -- load
        load_id
    from customers

),

final as (

    select
        {{ canonical_columns('customers', lacks=[
            'preferred_language', 'accepts_marketing', 'created_at', 'updated_at'
        ]) }}
    from masked

)

select * from final
