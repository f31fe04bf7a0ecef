-- Per branch, over all days: as many new guests as customers with an order.
with reported as (
    select
        branch_id,
        sum(new_guests) as new_guests
    from {{ ref('rpt_branch_days') }}
    group by branch_id
),

customers as (
    select
        branch_id,
        count(*) as customers_with_orders
    from {{ ref('dim_customers') }}
    where order_count > 0
    group by branch_id
),

differences as (
    select
        reported.branch_id,
        reported.new_guests,
        customers.customers_with_orders
    from reported
    left join customers on reported.branch_id = customers.branch_id
    where coalesce(reported.new_guests, 0) <> coalesce(customers.customers_with_orders, 0)
)

select * from differences
