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
        periods.period_id,
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
            (days.branch_id, periods.period_id, iso_day_of_week),
            (days.currency, periods.period_id, iso_day_of_week)
        )
),

hours as (
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
)

select
    hours.scope_id,
    hours.period_id,
    hours.iso_day_of_week,
    hours.local_hour,
    hours.hours_after_cutover,
    hours.orders,
    hours.orders / cast(weekdays.trading_days as numeric) as average_orders
from hours
inner join weekdays
    on
        hours.scope_id = weekdays.scope_id
        and hours.period_id = weekdays.period_id
        and hours.iso_day_of_week = weekdays.iso_day_of_week
order by
    hours.scope_id, hours.period_id, hours.iso_day_of_week, hours.hours_after_cutover,
    hours.local_hour
