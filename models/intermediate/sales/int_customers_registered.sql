with

customers as (

    select * from {{ ref('stg_pos__customers') }}

),

orders as (

    select * from {{ ref('int_orders_dated') }}

),

branches as (

    select * from {{ ref('branches') }}

),

registered as (

    select
        -- keys
        customers.customer_key,
        customers.branch_id,
        customers.customer_id,

        -- who the customer is
        customers.preferred_language,
        customers.accepts_marketing,
        customers.has_email,
        customers.has_phone,

        -- times
        cast({{ local_time('customers.created_at', 'branches.time_zone') }} as date)
            as registered_on
    from customers
    inner join branches on customers.branch_id = branches.branch_id

),

-- an order may arrive before the customer who placed it
only_on_orders as (

    select distinct
        orders.customer_key,
        orders.branch_id,
        orders.customer_id,
        cast(null as {{ dbt.type_string() }}) as preferred_language,
        cast(null as boolean) as accepts_marketing,
        cast(null as boolean) as has_email,
        cast(null as boolean) as has_phone,
        cast(null as date) as registered_on
    from orders
    left join customers
        on orders.branch_id = customers.branch_id and orders.customer_id = customers.customer_id
    where orders.customer_id is not null and customers.customer_id is null

),

final as (

    select * from registered

    union all

    select * from only_on_orders

)

select * from final
