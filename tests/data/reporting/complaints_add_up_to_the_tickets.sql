-- Per branch and day: the report counts the complaints that the help desk has of that day.
with reported as (
    select
        branch_id,
        business_date,
        complaints
    from {{ ref('rpt_branch_days') }}
),

tickets as (
    select
        branch_id,
        business_date,
        count(*) as complaints
    from {{ ref('fct_support_tickets') }}
    where is_complaint
    group by branch_id, business_date
),

differences as (
    select
        reported.branch_id,
        reported.business_date,
        reported.complaints as complaints_reported,
        coalesce(tickets.complaints, 0) as complaints_of_tickets
    from reported
    left join tickets
        on
            reported.branch_id = tickets.branch_id
            and reported.business_date = tickets.business_date
    where reported.complaints <> coalesce(tickets.complaints, 0)
)

select * from differences
