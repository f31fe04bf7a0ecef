{{ config(enabled='ospos' in var('systems')) }}

with

customers as (

    select * from {{ ref('base_ospos__ospos_customers') }}
    where {{ not_in_quarantine('ospos', 'ospos_customers', 'customer_key') }}

),

people as (

    select * from {{ ref('base_ospos__ospos_people') }}

),

masked as (

    select
        -- keys
        customers.customer_key,
        customers.branch_id,
        customers.customer_id,

        -- who the customer is: nothing that names or reaches anybody
        {{ dbt.concat(["substring(trim(people.first_name), 1, 1)", "'***'"]) }} as masked_name,
        {{ pseudonym("lower(trim(people.email))") }} as email_hash,
        {{ pseudonym("translate(people.phone, ' -()./', '')") }} as phone_hash,
        coalesce(trim(people.email), '') <> '' as has_email,
        coalesce(trim(people.phone), '') <> '' as has_phone,
        cast(null as {{ dbt.type_string() }}) as preferred_language,
        cast(null as boolean) as accepts_marketing,

        -- times
        customers.created_at,
        cast(null as timestamp with time zone) as updated_at,
        customers.deleted_at,

        -- load
        customers.load_id
    from customers
    left join people
        on
            customers.branch_id = people.branch_id
            and customers.customer_id = people.customer_id

)

select * from masked
