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
        case
            when sides.side = 'now' then periods.orders
            else before.orders
        end as orders,
        case
            when sides.side = 'now' then periods.units
            else before.units
        end as units,
        case
            when sides.side = 'now' then periods.guests
            else before.guests
        end as guests,
        case
            when sides.side = 'now' then periods.new_guests
            else before.new_guests
        end as new_guests,
        case
            when sides.side = 'now' then periods.returning_guests
            else before.returning_guests
        end as returning_guests,
        case
            when sides.side = 'now' then periods.complaints
            else before.complaints
        end as complaints,
        case
            when sides.side = 'now' then periods.ingredient_days
            else before.ingredient_days
        end as ingredient_days,
        case
            when sides.side = 'now' then periods.stock_out_days
            else before.stock_out_days
        end as stock_out_days,
        case
            when sides.side = 'now' then periods.answered_tickets
            else before.answered_tickets
        end as answered_tickets,
        case
            when sides.side = 'now' then periods.first_response_minutes
            else before.first_response_minutes
        end as first_response_minutes,
        case
            when sides.side = 'now' then periods.posts
            else before.posts
        end as posts,
        case
            when sides.side = 'now' then periods.positive_posts
            else before.positive_posts
        end as positive_posts,
        case
            when sides.side = 'now' then periods.negative_posts
            else before.negative_posts
        end as negative_posts,
        case
            when sides.side = 'now' then periods.gross_revenue
            else before.gross_revenue
        end as gross_revenue,
        case
            when sides.side = 'now' then periods.discount_amount
            else before.discount_amount
        end as discount_amount,
        case
            when sides.side = 'now' then periods.refund_amount
            else before.refund_amount
        end as refund_amount,
        case
            when sides.side = 'now' then periods.net_revenue
            else before.net_revenue
        end as net_revenue,
        case
            when sides.side = 'now' then periods.food_cost
            else before.food_cost
        end as food_cost,
        case
            when sides.side = 'now' then periods.costed_revenue
            else before.costed_revenue
        end as costed_revenue,
        case
            when sides.side = 'now' then periods.waste
            else before.waste
        end as waste
    from sides
    inner join marts.rpt_branch_periods as periods
        on sides.branch_period_key = periods.branch_period_key
    left join marts.rpt_branch_period_comparisons as before
        on
            sides.branch_period_key = before.branch_period_key
            and sides.basis = before.basis
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
        sum(food_cost) as food_cost,
        sum(food_cost) / nullif(sum(costed_revenue), 0) as food_cost_share,
        sum(waste) as waste,
        sum(waste) / nullif(sum(food_cost), 0) as waste_share,
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
