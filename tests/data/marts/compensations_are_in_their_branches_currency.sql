-- A ticket that names no branch is judged without one; its order says which one it is.
with tickets as (
    select * from {{ ref('fct_support_tickets') }}
    where compensation_amount is not null
),

branches as (
    select * from {{ ref('dim_branches') }}
),

failures as (
    select
        tickets.ticket_id,
        tickets.branch_id,
        tickets.compensation_amount,
        tickets.compensation_currency,
        branches.currency
    from tickets
    inner join branches on tickets.branch_id = branches.branch_id
    where
        tickets.compensation_currency is null
        or tickets.compensation_currency <> branches.currency
)

select * from failures
