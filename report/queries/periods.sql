-- What can be chosen as a period in each currency, with the days it is compared with.
select
    currency,
    period_code as period_id,
    -- data begin within it
    concat(period_name, case when not is_complete and not is_in_progress then ', in part' end)
        as period_name,
    kind,
    not is_in_progress as is_complete,
    first_date,
    last_date,
    previous_first_date,
    previous_last_date,
    year_before_first_date,
    year_before_last_date,
    -- of a large chain's single branches, the page holds the newest ones
    (
        select count(*) > 0 from held_periods as held
        inner join marts.dim_branches as branches on held.scope_id = branches.branch_id
        where held.period_id = periods.period_code and branches.currency = periods.currency
    ) as is_held
from marts.dim_periods as periods
order by
    currency,
    array_position(array['rolling', 'month', 'quarter', 'year'], kind),
    case when kind = 'rolling' then first_date end desc,
    first_date desc
