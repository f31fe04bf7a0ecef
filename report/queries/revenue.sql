-- Net revenue and orders by day, week and month of each period; the edges are the period's own.
with grains (grain) as (
    values ('day'), ('week'), ('month')
),

spans as (
    select
        days.branch_id,
        days.currency,
        periods.period_id,
        grains.grain,
        greatest(cast(date_trunc(grains.grain, days.business_date) as date), periods.first_date)
            as start_date,
        days.net_revenue,
        days.orders
    from marts.rpt_branch_days as days
    inner join marts.dim_periods as periods
        on
            days.currency = periods.currency
            and days.business_date between periods.first_date and periods.last_date
    cross join grains
    where not periods.is_previous and (grains.grain <> 'month' or periods.kind <> 'month')
)

select
    coalesce(spans.branch_id, spans.currency) as scope_id,
    spans.period_id,
    spans.grain,
    spans.start_date,
    least(
        cast(
            date_trunc(spans.grain, spans.start_date)
            + cast(concat('1 ', spans.grain) as interval) as date
        ),
        periods.last_date + 1
    ) as end_date,
    sum(spans.net_revenue) as net_revenue,
    sum(spans.orders) as orders
from spans
inner join marts.dim_periods as periods
    on spans.currency = periods.currency and spans.period_id = periods.period_id
where not periods.is_previous
group by
    grouping sets (
        (spans.branch_id, spans.period_id, spans.grain, spans.start_date, periods.last_date),
        (spans.currency, spans.period_id, spans.grain, spans.start_date, periods.last_date)
    )
order by scope_id, spans.period_id, spans.grain, spans.start_date
