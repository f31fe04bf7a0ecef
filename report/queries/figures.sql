-- Every tile: per scope and period; and like for like, of the branches that can be compared, in the
-- period (`now`) and in the days that it is compared with (`before`).
-- the figures of the other days have the names of the period's own, and so take their places
with sides as (
    select
        periods.*,
        'period' as basis,
        'now' as side,
        false as is_new,
        true as is_comparable,
        true as is_order_comparable,
        true as is_unit_comparable,
        true as is_guest_comparable,
        true as is_cost_comparable,
        true as is_waste_comparable,
        true as is_stock_comparable,
        true as is_ticket_comparable,
        true as is_post_comparable
    from marts.rpt_branch_periods as periods

    union all

    select
        shown.*,
        comparisons.basis,
        sides.side,
        comparisons.is_new,
        comparisons.is_comparable,
        comparisons.is_order_comparable,
        comparisons.is_unit_comparable,
        comparisons.is_guest_comparable,
        comparisons.is_cost_comparable,
        comparisons.is_waste_comparable,
        comparisons.is_stock_comparable,
        comparisons.is_ticket_comparable,
        comparisons.is_post_comparable
    from marts.rpt_branch_period_comparisons as comparisons
    inner join marts.rpt_branch_periods as periods
        on comparisons.branch_period_key = periods.branch_period_key
    cross join (values ('now'), ('before')) as sides (side)
    cross join lateral jsonb_populate_record(
        periods, case sides.side when 'before' then to_jsonb(comparisons) else '{}' end
    ) as shown
),

left_out as (
    select
        coalesce(branch_id, currency) as scope_id,
        period_id,
        basis,
        count(*) filter (where is_comparable) as branches,
        count(*) filter (where is_new) as new_branches,
        count(*) filter (where not is_comparable and not is_new) as unknown_branches
    from sides
    where side = 'now'
    group by grouping sets ((branch_id, period_id, basis), (currency, period_id, basis))
),

-- each kind of figure of the branches that record it throughout both
summed as (
    select
        coalesce(branch_id, currency) as scope_id,
        period_id,
        basis,
        side,
        sum(trading_days) as trading_days,
        sum(net_revenue) as net_revenue,
        sum(gross_revenue) as gross_revenue,
        sum(discount_amount) as discount_amount,
        sum(revenue_before_refunds) as revenue_before_refunds,
        sum(refund_amount) as refund_amount,
        sum(unit_days) filter (where is_unit_comparable) as unit_days,
        sum(itemized_revenue) filter (where is_unit_comparable) as itemized_revenue,
        sum(units) filter (where is_unit_comparable) as units,
        sum(order_days) filter (where is_order_comparable) as order_days,
        sum(orders) filter (where is_order_comparable) as orders,
        sum(ordered_revenue) filter (where is_order_comparable) as ordered_revenue,
        sum(ordered_units) filter (where is_order_comparable and is_unit_comparable)
            as ordered_units,
        sum(itemized_orders) filter (where is_order_comparable and is_unit_comparable)
            as itemized_orders,
        sum(guest_days) filter (where is_guest_comparable) as guest_days,
        sum(guests) filter (where is_guest_comparable) as guests,
        sum(new_guests) filter (where is_guest_comparable) as new_guests,
        cast(sum(returning_guests) filter (where is_guest_comparable) as numeric)
            as returning_guests,
        sum(ticket_days) filter (where is_ticket_comparable) as ticket_days,
        sum(complaints) filter (where is_ticket_comparable) as complaints,
        sum(ordered_complaints) filter (where is_ticket_comparable and is_order_comparable)
            as ordered_complaints,
        sum(ticketed_orders) filter (where is_ticket_comparable and is_order_comparable)
            as ticketed_orders,
        cast(sum(first_response_minutes) filter (where is_ticket_comparable) as numeric)
            as first_response_minutes,
        sum(answered_tickets) filter (where is_ticket_comparable) as answered_tickets,
        sum(post_days) filter (where is_post_comparable) as post_days,
        sum(posts) filter (where is_post_comparable) as posts,
        cast(sum(positive_posts) filter (where is_post_comparable) as numeric) as positive_posts,
        cast(sum(negative_posts) filter (where is_post_comparable) as numeric) as negative_posts,
        sum(cost_days) filter (where is_cost_comparable) as cost_days,
        sum(recipe_cost) filter (where is_cost_comparable) as recipe_cost,
        sum(costed_revenue) filter (where is_cost_comparable) as costed_revenue,
        sum(waste_days) filter (where is_waste_comparable) as waste_days,
        sum(waste) filter (where is_waste_comparable) as waste,
        sum(counted_recipe_cost) filter (where is_waste_comparable) as counted_recipe_cost,
        sum(stock_days) filter (where is_stock_comparable) as stock_days,
        cast(sum(stock_out_days) filter (where is_stock_comparable) as numeric) as stock_out_days,
        sum(ingredient_days) filter (where is_stock_comparable) as ingredient_days
    from sides
    where is_comparable
    group by
        grouping sets ((branch_id, period_id, basis, side), (currency, period_id, basis, side))
)

select
    summed.scope_id,
    summed.period_id,
    summed.basis,
    summed.side,
    left_out.branches,
    left_out.new_branches,
    left_out.unknown_branches,
    summed.net_revenue,
    -- some branches' or days' orders alone would look like all
    case
        when summed.basis <> 'period' or summed.order_days = summed.trading_days then summed.orders
    end as orders,
    summed.ordered_revenue / nullif(summed.orders, 0) as average_order,
    summed.refund_amount / nullif(summed.revenue_before_refunds, 0) as refund_share,
    summed.discount_amount / nullif(summed.gross_revenue, 0) as discount_share,
    summed.units,
    summed.ordered_units / nullif(summed.itemized_orders, 0) as units_per_order,
    summed.itemized_revenue / nullif(summed.units, 0) as unit_revenue,
    summed.new_guests,
    summed.returning_guests,
    summed.returning_guests / nullif(summed.guests, 0) as returning_share,
    summed.complaints,
    1000.0 * summed.ordered_complaints / nullif(summed.ticketed_orders, 0) as complaint_rate,
    summed.first_response_minutes / nullif(summed.answered_tickets, 0) as first_response,
    summed.positive_posts / nullif(summed.posts, 0) as positive_share,
    summed.negative_posts / nullif(summed.posts, 0) as negative_share,
    summed.recipe_cost,
    summed.recipe_cost / nullif(summed.costed_revenue, 0) as recipe_cost_share,
    summed.waste,
    summed.waste / nullif(summed.counted_recipe_cost, 0) as waste_share,
    summed.stock_out_days / nullif(summed.ingredient_days, 0) as stock_out_share,
    -- what is recorded, and on how many of the branches' days
    summed.ingredient_days is not null as has_stock,
    summed.complaints is not null as has_tickets,
    summed.posts is not null as has_posts,
    summed.gross_revenue <> 0 as has_sales,
    summed.trading_days,
    summed.order_days,
    summed.unit_days,
    summed.guest_days,
    summed.ticket_days,
    summed.post_days,
    summed.cost_days,
    summed.waste_days,
    summed.stock_days
from summed
inner join left_out
    on
        summed.scope_id = left_out.scope_id
        and summed.period_id = left_out.period_id
        and summed.basis = left_out.basis
order by summed.scope_id, summed.period_id, summed.basis, summed.side desc
