with

tickets as (

    select * from {{ ref('int_tickets_recorded') }}
    where deleted_at is null

),

orders as (

    select * from {{ ref('int_orders_dated') }}
    where not is_deleted and not is_draft

),

customers as (select * from {{ ref('int_customers_registered') }}),

branches as (select * from {{ ref('branches') }}),

numbered_orders as (

    {{ orders_by_own_number('orders') }}

),

-- of another branch than the guest named, or of none: a number that two orders have is ignored
unique_orders as (

    select
        order_number,
        min(order_key) as order_key
    from orders
    group by order_number
    having count(*) = 1

),

-- an address that several customers share is ignored
addresses as (

    select
        branch_id,
        email_hash,
        min(customer_key) as customer_key
    from customers
    where email_hash is not null
    group by branch_id, email_hash
    having count(*) = 1

),

found as (

    select
        tickets.*,
        coalesce(numbered_orders.order_key, unique_orders.order_key) as found_key
    from tickets
    left join numbered_orders
        on
            tickets.branch_id = numbered_orders.branch_id
            and {{ own_number('tickets.order_number', 'tickets.branch_id') }}
            = numbered_orders.own_number
    left join unique_orders on tickets.order_number = unique_orders.order_number

),

-- a number of another branch than the file's, or with other money, is another order's
matched as (

    select
        found.*,
        orders.order_key,
        coalesce(orders.branch_id, found.branch_id) as matched_branch_id,
        coalesce(orders.customer_key, addresses.customer_key) as customer_key,
        orders.business_date as order_business_date,
        case
            when orders.order_key is not null then 'order'
            when addresses.customer_key is not null then 'email'
            when found.branch_id is not null then 'branch'
        end as matched_by
    from found
    left join orders
        on
            found.found_key = orders.order_key
            and coalesce(found.branch_of_file, orders.branch_id) = orders.branch_id
            and (
                found.compensation_amount is null
                or coalesce(found.compensation_currency, orders.currency) = orders.currency
            )
    left join addresses
        on
            coalesce(orders.branch_id, found.branch_id) = addresses.branch_id
            and found.email_hash = addresses.email_hash

),

final as (

    select
        -- keys
        matched.ticket_id,
        matched.matched_branch_id as branch_id,
        matched.order_key,
        matched.customer_key,
        matched.matched_by,
        coalesce(
            matched.order_business_date,
            {{ business_date('matched.opened_at', 'branches.time_zone', 'branches.cutover_hour') }}
        ) as business_date,

        -- what the ticket is
        matched.channel,
        matched.reason,
        matched.reason in ('late', 'cold', 'wrong_item', 'refund') as is_complaint,
        matched.priority,
        matched.status,
        matched.satisfaction,

        -- what happened
        matched.reopened_count,
        matched.comment_count,
        matched.compensation_amount,
        coalesce(
            matched.compensation_currency,
            case when matched.compensation_amount is not null then branches.currency end
        ) as compensation_currency,

        -- times
        matched.opened_at,
        matched.first_response_at,
        case when matched.status in ('solved', 'closed') then matched.last_solved_at end
            as resolved_at,

        -- load
        matched.load_id
    from matched
    left join branches on matched.matched_branch_id = branches.branch_id

)

select * from final
