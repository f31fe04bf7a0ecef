with

tickets as (

    select * from {{ ref('int_tickets_recorded') }}
    where deleted_at is null

),

orders as (

    select * from {{ ref('int_orders_dated') }}
    where not is_deleted and not is_draft

),

customers as (

    select * from {{ ref('int_customers_registered') }}

),

branches as (

    select * from {{ ref('branches') }}

),

-- a receipt's number is unique across the company; if it is not, it is ignored
numbered_orders as (

    select
        order_number,
        min(order_key) as order_key,
        min(branch_id) as branch_id,
        min(currency) as currency,
        min(customer_key) as customer_key,
        min(business_date) as business_date
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

-- a number of another branch than the file's, or with other money, is another order's
matched as (

    select
        tickets.*,
        numbered_orders.order_key,
        coalesce(numbered_orders.branch_id, tickets.branch_id) as matched_branch_id,
        coalesce(numbered_orders.customer_key, addresses.customer_key) as customer_key,
        numbered_orders.business_date as order_business_date,
        case
            when numbered_orders.order_key is not null then 'order'
            when addresses.customer_key is not null then 'email'
            when tickets.branch_id is not null then 'branch'
        end as matched_by
    from tickets
    left join numbered_orders
        on
            tickets.order_number = numbered_orders.order_number
            and coalesce(tickets.branch_of_file, numbered_orders.branch_id)
            = numbered_orders.branch_id
            and (
                tickets.compensation_amount is null
                or coalesce(tickets.compensation_currency, numbered_orders.currency)
                = numbered_orders.currency
            )
    left join addresses
        on
            coalesce(numbered_orders.branch_id, tickets.branch_id) = addresses.branch_id
            and tickets.email_hash = addresses.email_hash

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
        -- a ticket that is open again is not resolved
        case when matched.status in ('solved', 'closed') then matched.last_solved_at end
            as resolved_at,

        -- load
        matched.load_id
    from matched
    left join branches on matched.matched_branch_id = branches.branch_id

)

select * from final
