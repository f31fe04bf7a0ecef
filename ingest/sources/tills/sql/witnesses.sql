-- Rows spread evenly over the time in which a till is known to have sold, with their moment in microseconds.
select
    extract(epoch from witness.moment) * 1000000 as moment,
    {keys}
from (
    select
        min({moment}) as lowest,
        max({moment}) as highest
    from {root}
    where
        {till} = %(till)s
        and _deleted_at is null
        and {moment} > '1900-01-01'
        and {moment} < now() + interval '1 day'
) as ends
cross join generate_series(0, %(witnesses)s) as step (number)
cross join lateral (
    select
        {moment} as moment,
        {keys}
    from {root}
    where
        {till} = %(till)s
        and _deleted_at is null
        and {moment} >= ends.lowest + (ends.highest - ends.lowest) * step.number / %(witnesses)s
    order by {moment}
    limit 1
) as witness
