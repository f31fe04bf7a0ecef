-- The orders of each branch and day by channel, of the days that queries/days.sql holds.
with held as (
    select
        branches.currency,
        max(periods.last_date) as last_date,
        max(periods.last_date) - cast(
            least(1100, 30000 / (select count(*) from marts.dim_branches)) as integer
        ) as before_date
    from marts.dim_branches as branches
    inner join marts.dim_periods as periods on branches.currency = periods.currency
    group by branches.currency
),

-- a branch that never knows a guest does not record them
guests as (
    select
        branch_id,
        sum(known_guest_orders) > 0 as has_guests
    from marts.rpt_day_parts
    group by branch_id
)

select
    parts.branch_id as scope_id,
    parts.business_date,
    replace(parts.channel, '_', ' ') as channel,
    sum(parts.orders) as orders,
    sum(case when guests.has_guests then parts.known_guest_orders end) as known_guest_orders,
    sum(parts.units) as units,
    sum(parts.revenue_before_refunds_exact) as revenue_before_refunds,
    sum(parts.order_costed_revenue_exact) as till_costed_revenue,
    sum(parts.order_costed_revenue_exact) - sum(parts.order_cost_exact) as till_margin
from marts.rpt_day_parts as parts
inner join held on parts.currency = held.currency
inner join guests on parts.branch_id = guests.branch_id
where parts.business_date > held.before_date and parts.business_date <= held.last_date
group by parts.branch_id, parts.business_date, parts.channel
order by parts.branch_id, parts.business_date, parts.channel
