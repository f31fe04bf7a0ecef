-- Every tile: per scope and period, and for the days to compare it with.
with figures as (
    select
        coalesce(branch_id, currency) as scope_id,
        period_id,
        is_previous,
        -- a period is compared only with one in which a branch has traded on all days
        max(trading_days) = last_date - first_date + 1 as is_covered,
        sum(net_revenue) as net_revenue,
        -- unknown for a scope if one of its branches does not know them
        case when count(orders) = count(*) then sum(orders) end as orders,
        sum(net_revenue) + sum(refund_amount) as revenue_before_refunds,
        sum(refund_amount) / nullif(sum(net_revenue) + sum(refund_amount), 0) as refund_share,
        sum(discount_amount) / nullif(sum(gross_revenue), 0) as discount_share,
        sum(units) as units,
        (sum(net_revenue) + sum(refund_amount)) / nullif(sum(units), 0) as unit_revenue,
        sum(new_guests) as new_guests,
        sum(returning_guests) as returning_guests,
        sum(guests) as guests,
        sum(returning_guests) / nullif(cast(sum(guests) as numeric), 0) as returning_share,
        sum(complaints) as complaints,
        sum(first_response_minutes)
        / nullif(cast(sum(answered_tickets) as numeric), 0) as first_response,
        sum(positive_posts) / nullif(cast(sum(posts) as numeric), 0) as positive_share,
        sum(negative_posts) / nullif(cast(sum(posts) as numeric), 0) as negative_share,
        sum(recipe_cost) as recipe_cost,
        sum(recipe_cost) / nullif(sum(costed_revenue), 0) as recipe_cost_share,
        sum(waste) as waste,
        sum(waste) / nullif(sum(recipe_cost), 0) as waste_share,
        sum(stock_out_days) / nullif(cast(sum(ingredient_days) as numeric), 0) as stock_out_share
    from marts.rpt_branch_periods
    group by
        grouping sets (
            (branch_id, period_id, is_previous, first_date, last_date),
            (currency, period_id, is_previous, first_date, last_date)
        )
)

select
    *,
    revenue_before_refunds / nullif(orders, 0) as average_order,
    units / nullif(orders, 0) as units_per_order,
    1000.0 * complaints / nullif(orders, 0) as complaint_rate
from figures
order by scope_id, period_id, is_previous
