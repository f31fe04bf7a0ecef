-- Of the guests who first came in a month, the share that came in each month since.
with cohorts as (
    select
        coalesce(cohorts.branch_id, branches.currency) as scope_id,
        cohorts.first_month_start,
        cohorts.month_start,
        sum(cohorts.guests) as guests,
        bool_and(months.is_complete) as is_complete
    from marts.rpt_guest_cohorts as cohorts
    inner join marts.dim_branches as branches on cohorts.branch_id = branches.branch_id
    left join marts.dim_periods as months
        on
            branches.currency = months.currency
            and months.kind = 'month'
            and cohorts.month_start = months.first_date
    where
        cohorts.first_month_start > (
            select max(newest.month_start) - interval '2 years'
            from marts.rpt_guest_cohorts as newest
        )
    group by grouping sets (
        (cohorts.branch_id, cohorts.first_month_start, cohorts.month_start),
        (branches.currency, cohorts.first_month_start, cohorts.month_start)
    )
)

select
    scope_id,
    first_month_start,
    month_start,
    cast(
        12 * (extract(year from month_start) - extract(year from first_month_start))
        + extract(month from month_start) - extract(month from first_month_start) as integer
    ) as months_since,
    guests,
    -- all of them came in the first one
    case
        when month_start > first_month_start
            then
                guests
                / cast(max(guests) over (partition by scope_id, first_month_start) as numeric)
    end as share,
    case when coalesce(is_complete, true) then 'complete' else 'so far' end as state
from cohorts
order by scope_id, first_month_start, month_start
