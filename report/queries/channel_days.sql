-- The orders of each branch and day by channel, of the days that the page holds.
select
    parts.branch_id as scope_id,
    parts.business_date,
    replace(parts.channel, '_', ' ') as channel,
    sum(parts.orders) as orders,
    sum(parts.known_guest_orders) as known_guest_orders,
    sum(parts.units) as units,
    sum(parts.revenue_before_refunds_exact) as revenue_before_refunds,
    sum(parts.order_costed_revenue_exact) as order_costed_revenue,
    sum(parts.order_costed_revenue_exact) - sum(parts.order_cost_exact) as order_margin
from marts.rpt_day_parts as parts
inner join held_days as held on parts.branch_id = held.branch_id
where parts.business_date between held.first_date and held.last_date
group by parts.branch_id, parts.business_date, parts.channel
order by parts.branch_id, parts.business_date, parts.channel
