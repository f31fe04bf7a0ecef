{{ config(severity='warn') }}

-- A ticket whose compensation has another currency than its receipt is not matched with the order:
-- it counts for no branch, or for the one that it names.
with tickets as (
    select * from {{ ref('int_tickets_recorded') }}
    where deleted_at is null and compensation_amount is not null
),

-- a number of two branches names no order
orders as (
    select
        order_number,
        min(branch_id) as branch_id,
        min(currency) as currency
    from {{ ref('fct_orders') }}
    group by order_number
    having count(*) = 1
),

failures as (
    select
        tickets.ticket_id,
        tickets.order_number,
        tickets.compensation_currency,
        orders.currency
    from tickets
    inner join orders on tickets.order_number = orders.order_number
    where
        tickets.compensation_currency <> orders.currency
        and coalesce(tickets.branch_of_file, orders.branch_id) = orders.branch_id
)

select * from failures
