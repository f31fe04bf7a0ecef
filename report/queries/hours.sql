-- Orders by weekday and hour, as the average of the days on which the scope traded.
with branches as (
    select
        branch_id,
        cutover_hour,
        min(cutover_hour) over (partition by currency) as first_cutover_hour
    from marts.dim_branches
),

-- two branches that trade on one day have traded on one day
weekdays as (
    select
        coalesce(days.branch_id, days.currency) as scope_id,
        periods.period_code as period_id,
        extract(isodow from days.business_date) as iso_day_of_week,
        count(distinct days.business_date) as trading_days
    from marts.rpt_branch_days as days
    inner join marts.dim_periods as periods
        on
            days.currency = periods.currency
            and days.business_date between periods.first_date and periods.last_date
    where days.orders > 0
    group by
        grouping sets (
            (days.branch_id, periods.period_code, iso_day_of_week),
            (days.currency, periods.period_code, iso_day_of_week)
        )
),

sold as (
    select
        coalesce(hours.branch_id, hours.currency) as scope_id,
        hours.period_id,
        hours.iso_day_of_week,
        hours.local_hour,
        mod(
            hours.local_hour
            - case
                when hours.branch_id is null then min(branches.first_cutover_hour)
                else min(branches.cutover_hour)
            end + 24, 24
        ) as hours_after_cutover,
        sum(hours.orders) as orders
    from marts.rpt_hour_periods as hours
    inner join branches on hours.branch_id = branches.branch_id
    group by grouping sets (
        (hours.branch_id, hours.period_id, hours.iso_day_of_week, hours.local_hour),
        (hours.currency, hours.period_id, hours.iso_day_of_week, hours.local_hour)
    )
),

-- from the first to the last hour with an order: one without any has none, and is not left out
opened as (
    select
        scope_id,
        period_id,
        mod(min(local_hour - hours_after_cutover) + 24, 24) as cutover_hour,
        generate_series(min(hours_after_cutover), max(hours_after_cutover)) as hours_after_cutover
    from sold
    group by scope_id, period_id
)

select
    weekdays.scope_id,
    weekdays.period_id,
    weekdays.iso_day_of_week,
    mod(opened.cutover_hour + opened.hours_after_cutover, 24) as local_hour,
    opened.hours_after_cutover,
    coalesce(sold.orders, 0) as orders,
    coalesce(sold.orders, 0) / cast(weekdays.trading_days as numeric) as average_orders
from weekdays
inner join opened
    on weekdays.scope_id = opened.scope_id and weekdays.period_id = opened.period_id
left join sold
    on
        weekdays.scope_id = sold.scope_id
        and weekdays.period_id = sold.period_id
        and weekdays.iso_day_of_week = sold.iso_day_of_week
        and opened.hours_after_cutover = sold.hours_after_cutover
order by
    weekdays.scope_id, weekdays.period_id, weekdays.iso_day_of_week, opened.hours_after_cutover
