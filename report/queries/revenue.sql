-- Net revenue and orders by day, week and month of each period; the edges are the period's own.
with grains (grain) as (
    values ('day'), ('week'), ('month')
),

days as (
    select
        coalesce(branch_id, currency) as scope_id,
        min(currency) as currency,
        business_date,
        sum(net_revenue) as net_revenue,
        case when count(orders) = count(*) then sum(orders) end as orders,
        bool_and(is_complete) as is_complete
    from marts.rpt_branch_days
    group by grouping sets ((branch_id, business_date), (currency, business_date))
),

-- each day's place in its week and month is worked out once, and not once more per period
spans as (
    select
        days.*,
        grains.grain,
        cast(date_trunc(grains.grain, days.business_date) as date) as span_date,
        cast(
            date_trunc(grains.grain, days.business_date)
            + cast(concat('1 ', grains.grain) as interval) as date
        ) as span_end_date
    from days
    cross join grains
)

select
    spans.scope_id,
    periods.period_code as period_id,
    spans.grain,
    greatest(spans.span_date, periods.first_date) as start_date,
    least(spans.span_end_date, periods.last_date + 1) as end_date,
    sum(spans.net_revenue) as net_revenue,
    case when count(spans.orders) = count(*) then sum(spans.orders) end as orders,
    case
        when not bool_and(spans.is_complete) then 'so far'
        -- the newest bar goes on after the newest day, or the branch's data are late
        when
            (periods.kind = 'rolling' or periods.is_in_progress)
            and spans.span_end_date > periods.last_date
            and (
                spans.span_end_date > periods.last_date + 1
                or max(spans.business_date) < periods.last_date
            )
            then 'so far'
        else 'complete'
    end as state
from spans
inner join marts.dim_periods as periods
    on
        spans.currency = periods.currency
        and spans.business_date between periods.first_date and periods.last_date
where (spans.grain <> 'month' or periods.kind <> 'month')
group by
    spans.scope_id, periods.period_code, spans.grain, spans.span_date, spans.span_end_date,
    periods.first_date, periods.last_date, periods.kind, periods.is_in_progress
order by spans.scope_id, periods.period_code, spans.grain, start_date
