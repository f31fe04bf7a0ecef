-- Every tile: per scope and period; and like for like, of the branches that can be compared, in the
-- period (`now`) and in the days that it is compared with (`before`).
with sides as (
    select
        branch_period_key,
        'period' as basis,
        'now' as side,
        true as is_comparable,
        false as is_new
    from marts.rpt_branch_periods

    union all

    select
        comparisons.branch_period_key,
        comparisons.basis,
        sides.side,
        comparisons.is_comparable,
        comparisons.is_new
    from marts.rpt_branch_period_comparisons as comparisons
    cross join (values ('now'), ('before')) as sides (side)
),

figured as (
    select
        sides.*,
        periods.branch_id,
        periods.currency,
        periods.period_id,
        shown.orders,
        shown.units,
        shown.guests,
        shown.new_guests,
        shown.returning_guests,
        shown.complaints,
        shown.ingredient_days,
        shown.stock_out_days,
        shown.answered_tickets,
        shown.first_response_minutes,
        shown.posts,
        shown.positive_posts,
        shown.negative_posts,
        shown.gross_revenue,
        shown.discount_amount,
        shown.revenue_before_refunds,
        shown.refund_amount,
        shown.net_revenue,
        shown.recipe_cost,
        shown.costed_revenue,
        shown.waste
    from sides
    inner join marts.rpt_branch_periods as periods
        on sides.branch_period_key = periods.branch_period_key
    cross join lateral (
        select
            now.orders,
            now.units,
            now.guests,
            now.new_guests,
            now.returning_guests,
            now.complaints,
            now.ingredient_days,
            now.stock_out_days,
            now.answered_tickets,
            now.first_response_minutes,
            now.posts,
            now.positive_posts,
            now.negative_posts,
            now.gross_revenue,
            now.discount_amount,
            now.revenue_before_refunds,
            now.refund_amount,
            now.net_revenue,
            now.recipe_cost,
            now.costed_revenue,
            now.waste
        from marts.rpt_branch_periods as now
        where sides.side = 'now' and now.branch_period_key = sides.branch_period_key
        union all
        select
            before.orders,
            before.units,
            before.guests,
            before.new_guests,
            before.returning_guests,
            before.complaints,
            before.ingredient_days,
            before.stock_out_days,
            before.answered_tickets,
            before.first_response_minutes,
            before.posts,
            before.positive_posts,
            before.negative_posts,
            before.gross_revenue,
            before.discount_amount,
            before.revenue_before_refunds,
            before.refund_amount,
            before.net_revenue,
            before.recipe_cost,
            before.costed_revenue,
            before.waste
        from marts.rpt_branch_period_comparisons as before
        where
            sides.side = 'before'
            and before.branch_period_key = sides.branch_period_key
            and before.basis = sides.basis
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
    from figured
    where side = 'now'
    group by grouping sets ((branch_id, period_id, basis), (currency, period_id, basis))
),

figures as (
    select
        coalesce(branch_id, currency) as scope_id,
        period_id,
        basis,
        side,
        sum(net_revenue) as net_revenue,
        -- unknown for a scope if one of its branches does not know them
        case when count(orders) = count(*) then sum(orders) end as orders,
        -- of the branches that record tickets
        case
            when count(orders) filter (where complaints is not null) = count(complaints)
                then sum(orders) filter (where complaints is not null)
        end as ticketed_orders,
        sum(revenue_before_refunds) as revenue_before_refunds,
        sum(refund_amount) / nullif(sum(revenue_before_refunds), 0) as refund_share,
        sum(discount_amount) / nullif(sum(gross_revenue), 0) as discount_share,
        sum(units) as units,
        sum(revenue_before_refunds) / nullif(sum(units), 0) as unit_revenue,
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
        sum(stock_out_days)
        / nullif(cast(sum(ingredient_days) as numeric), 0) as stock_out_share,
        count(ingredient_days) > 0 as has_stock,
        count(complaints) > 0 as has_tickets,
        count(posts) > 0 as has_posts
    from figured
    where is_comparable
    group by
        grouping sets ((branch_id, period_id, basis, side), (currency, period_id, basis, side))
)

select
    figures.*,
    left_out.branches,
    left_out.new_branches,
    left_out.unknown_branches,
    figures.revenue_before_refunds / nullif(figures.orders, 0) as average_order,
    figures.units / nullif(figures.orders, 0) as units_per_order,
    1000.0 * figures.complaints / nullif(figures.ticketed_orders, 0) as complaint_rate
from figures
inner join left_out
    on
        figures.scope_id = left_out.scope_id
        and figures.period_id = left_out.period_id
        and figures.basis = left_out.basis
order by figures.scope_id, figures.period_id, figures.basis, figures.side desc
