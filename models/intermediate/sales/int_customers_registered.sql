with

customers as (

    select * from {{ ref('stg_pos__customers') }}

),

branches as (

    select * from {{ ref('branches') }}

),

final as (

    select
        -- keys
        customers.customer_key,
        customers.branch_id,
        customers.customer_id,

        -- who the customer is
        customers.preferred_language,
        customers.accepts_marketing,
        customers.email_hash,
        customers.phone_hash,
        customers.has_email,
        customers.has_phone,

        -- times
        cast({{ local_time('customers.created_at', 'branches.time_zone') }} as date)
            as registered_on
    from customers
    inner join branches on customers.branch_id = branches.branch_id

)

select * from final
