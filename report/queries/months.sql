-- Month by month: what guests and kitchen did, so that a period is seen with those before it. Both
-- sides of a ratio are of the days that record both.
select
    coalesce(months.branch_id, months.currency) as scope_id,
    months.first_date as month_start,
    case
        when not bool_or(periods.is_in_progress) then to_char(months.first_date, 'Mon YYYY')
        else to_char(months.first_date, 'Mon YYYY "so far"')
    end as month_name,
    sum(months.new_guests) as new_guests,
    sum(months.guests) - sum(months.new_guests) as known_guests,
    1000.0 * sum(months.ordered_complaints) / nullif(sum(months.ticketed_orders), 0)
        as complaint_rate,
    sum(months.first_response_minutes)
    / nullif(cast(sum(months.answered_tickets) as numeric), 0) as first_response,
    sum(months.posts) as posts,
    sum(months.positive_posts) as positive_posts,
    sum(months.posts) - sum(months.positive_posts) - sum(months.negative_posts) as neutral_posts,
    sum(months.negative_posts) as negative_posts,
    sum(months.recipe_cost) / nullif(sum(months.costed_revenue), 0) as recipe_cost_share,
    sum(months.waste) / nullif(sum(months.counted_recipe_cost), 0) as waste_share,
    sum(months.stock_out_days)
    / nullif(cast(sum(months.ingredient_days) as numeric), 0) as stock_out_share
from marts.rpt_branch_periods as months
inner join marts.dim_periods as periods
    on months.period_key = periods.period_key
where periods.kind = 'month'
group by grouping sets ((months.branch_id, months.first_date), (months.currency, months.first_date))
order by scope_id, month_start
