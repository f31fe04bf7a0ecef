with

customers as (

    select * from {{ ref('int_customers_registered') }}

),

orders as (

    select * from {{ ref('int_orders_dated') }}
    where is_counted and customer_key is not null

),

payments as (

    select * from {{ ref('int_payments_dated') }}
    where is_counted and payment_type = 'refund'

),

customer_orders as (

    select
        branch_id,
        customer_id,
        prices_include_tax,
        min(business_date) as first_business_date,
        max(business_date) as last_business_date,
        count(*) as order_count,
        sum(gross_amount) as gross_amount,
        sum(discount_amount) as discount_amount,
        sum(tax_amount) as tax_amount
    from orders
    group by branch_id, customer_id, prices_include_tax

),

customer_refunds as (

    select
        orders.branch_id,
        orders.customer_id,
        sum(payments.refund_amount) as refund_amount
    from payments
    inner join orders
        on payments.branch_id = orders.branch_id and payments.order_id = orders.order_id
    group by orders.branch_id, orders.customer_id

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
        customers.has_email,
        customers.has_phone,
        customers.registered_on,

        -- what the customer did
        customer_orders.first_business_date,
        customer_orders.last_business_date,
        cast(coalesce(customer_orders.order_count, 0) as integer) as order_count,
        cast(
            coalesce(
                {{ net_revenue(
                    'customer_orders.gross_amount', 'customer_orders.discount_amount',
                    'coalesce(customer_refunds.refund_amount, 0)', 'customer_orders.tax_amount',
                    'customer_orders.prices_include_tax'
                ) }}, 0
            ) as numeric(14, 2)
        ) as lifetime_net_revenue
    from customers
    left join customer_orders
        on
            customers.branch_id = customer_orders.branch_id
            and customers.customer_id = customer_orders.customer_id
    left join customer_refunds
        on
            customers.branch_id = customer_refunds.branch_id
            and customers.customer_id = customer_refunds.customer_id

)

select * from final
