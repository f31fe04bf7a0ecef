with

customers as (select * from {{ ref('int_customers_registered') }}),

orders as (select * from {{ ref('int_orders_dated') }}),

payments as (select * from {{ ref('int_payments_dated') }}),

-- a guest of a till with several branches may order at each of them
customer_orders as (

    select
        customer_key,
        min(branch_id) as branch_id,
        min(coalesce(customer_id, customer_key)) as customer_id,
        max(minor_unit) as minor_unit,
        min(case when is_sale then business_date end) as first_business_date,
        max(case when is_sale then business_date end) as last_business_date,
        sum(case when is_sale then 1 else 0 end) as order_count,
        sum({{ revenue_before_refunds(
            'gross_amount', 'discount_amount', 'tax_amount', 'prices_include_tax'
        ) }} - refund_amount) as net_revenue
    from orders
    where customer_key is not null and not is_deleted and not is_draft
    group by customer_key

),

customer_refunds as (

    select
        customer_key,
        sum(refund_amount) as refund_amount
    from payments
    where is_counted and payment_type = 'refund'
    group by customer_key

),

-- from both sides: an order may arrive before the customer who placed it
known as (

    select
        -- keys
        coalesce(customers.customer_key, customer_orders.customer_key) as customer_key,
        coalesce(customers.branch_id, customer_orders.branch_id) as branch_id,
        coalesce(customers.customer_id, customer_orders.customer_id) as customer_id,

        -- who the customer is
        customers.preferred_language,
        customers.accepts_marketing,
        customers.email_hash,
        customers.phone_hash,
        customers.has_email,
        customers.has_phone,
        customers.registered_on,

        -- what the customer did
        customer_orders.first_business_date,
        customer_orders.last_business_date,
        coalesce(customer_orders.order_count, 0) as order_count,
        coalesce(customer_orders.net_revenue, 0) as net_revenue,
        coalesce(customer_orders.minor_unit, 2) as minor_unit
    from customers
    full join customer_orders on customers.customer_key = customer_orders.customer_key

),

final as (

    select
        -- keys
        known.customer_key,
        known.branch_id,
        known.customer_id,
        coalesce(known.email_hash, known.phone_hash, known.customer_key) as guest_key,

        -- who the customer is
        known.preferred_language,
        known.accepts_marketing,
        known.email_hash,
        known.phone_hash,
        known.has_email,
        known.has_phone,
        known.registered_on,

        -- what the customer did
        known.first_business_date,
        known.last_business_date,
        cast(known.order_count as integer) as order_count,
        {{ money(
            'known.net_revenue - coalesce(customer_refunds.refund_amount, 0)', 'known.minor_unit'
        ) }} as lifetime_net_revenue
    from known
    left join customer_refunds on known.customer_key = customer_refunds.customer_key

)

select * from final
