-- The periods that the page holds: all of a currency's branches together, and the newest of each
-- single branch: 2,000 in all, which are two years of 50 branches and the nine newest of 200.
with scopes as (
    select
        branch_id as scope_id,
        currency,
        greatest(5, 2000 / count(*) over ()) as places
    from marts.dim_branches

    union all

    select distinct
        currency as scope_id,
        currency,
        cast(null as bigint) as places
    from marts.dim_branches
),

periods as (
    select
        *,
        row_number() over (
            partition by currency
            order by
                case when kind = 'rolling' then 0 else 1 end, last_date desc, first_date desc
        ) as place
    from marts.dim_periods
),

final as (
    select
        scopes.scope_id,
        periods.period_code as period_id
    from scopes
    inner join periods
        on
            scopes.currency = periods.currency
            and periods.place <= coalesce(scopes.places, periods.place)
)

select * from final
