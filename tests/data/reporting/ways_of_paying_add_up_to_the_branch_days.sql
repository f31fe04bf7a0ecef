-- Per branch and day: all ways of paying together are the day's money and tips.
with ways as (
    select
        branch_id,
        business_date,
        sum(taken_amount_exact) as taken_amount,
        sum(tips_amount_exact) as tips_amount
    from {{ ref('rpt_payment_days') }}
    group by branch_id, business_date
),

days as (
    select * from {{ ref('rpt_branch_days') }}
),

failures as (
    select
        days.branch_id,
        days.business_date,
        days.taken_amount_exact,
        days.tips_amount_exact,
        ways.taken_amount as taken_of_ways,
        ways.tips_amount as tips_of_ways
    from days
    left join ways
        on days.branch_id = ways.branch_id and days.business_date = ways.business_date
    where
        abs(days.taken_amount_exact - coalesce(ways.taken_amount, 0)) > 0.0001
        or abs(days.tips_amount_exact - coalesce(ways.tips_amount, 0)) > 0.0001
)

select * from failures
