-- The periods that the page holds: all of all branches together, and of each single branch the newest
-- ones, 1,000 in all: those of two years of 25 branches, and five of 200.
select
    scopes.scope_id,
    periods.period_id
from (
    select
        *,
        row_number() over (
            partition by currency
            order by
                case when kind = 'rolling' then 0 else 1 end, last_date desc, first_date desc
        ) as place
    from marts.dim_periods
) as periods
inner join (
    select
        branch_id as scope_id,
        currency,
        greatest(4, 1000 / count(*) over ()) as places
    from marts.dim_branches

    union all

    select distinct
        currency as scope_id,
        currency,
        cast(null as bigint) as places
    from marts.dim_branches
) as scopes
    on
        periods.currency = scopes.currency
        and periods.place <= coalesce(scopes.places, periods.place)
