-- Orders by weekday and hour, as the average of the days on which the scope traded.
with branches as (
    select
        branch_id,
        cutover_hour,
        min(cutover_hour) over (partition by currency) as first_cutover_hour
    from marts.dim_branches
),

days as (
    select
        days.branch_id,
        days.currency,
        days.business_date,
        periods.period_id,
        extract(isodow from days.business_date) as iso_day_of_week
    from marts.rpt_branch_days as days
    inner join marts.dim_periods as periods
        on
            days.currency = periods.currency
            and days.business_date between periods.first_date and periods.last_date
    where not periods.is_previous and days.orders > 0
),

weekdays as (
    select
        coalesce(branch_id, currency) as scope_id,
        period_id,
        iso_day_of_week,
        count(distinct business_date) as trading_days
    from days
    group by grouping sets (
        (branch_id, period_id, iso_day_of_week), (currency, period_id, iso_day_of_week)
    )
),

hours as (
    select
        coalesce(days.branch_id, days.currency) as scope_id,
        days.period_id,
        days.iso_day_of_week,
        hours.local_hour,
        mod(
            hours.local_hour
            - case
                when days.branch_id is null then min(branches.first_cutover_hour)
                else min(branches.cutover_hour)
            end + 24, 24
        ) as hours_after_cutover,
        sum(hours.orders) as orders
    from days
    inner join marts.rpt_branch_hours as hours
        on days.branch_id = hours.branch_id and days.business_date = hours.business_date
    inner join branches on days.branch_id = branches.branch_id
    group by grouping sets (
        (days.branch_id, days.period_id, days.iso_day_of_week, hours.local_hour),
        (days.currency, days.period_id, days.iso_day_of_week, hours.local_hour)
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
