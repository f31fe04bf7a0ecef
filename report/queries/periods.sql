-- What can be chosen as a period in each currency, with the days it is compared with.
select
    periods.currency,
    periods.period_id,
    periods.period_name,
    periods.kind,
    periods.is_complete,
    periods.first_date,
    periods.last_date,
    previous.first_date as previous_first_date,
    previous.last_date as previous_last_date
from marts.dim_periods as periods
inner join marts.dim_periods as previous
    on periods.currency = previous.currency and periods.period_id = previous.period_id
where not periods.is_previous and previous.is_previous
order by
    periods.currency,
    array_position(array['rolling', 'month', 'quarter', 'year'], periods.kind),
    case when periods.kind = 'rolling' then periods.first_date end desc,
    periods.first_date desc
