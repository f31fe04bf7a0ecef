-- The days that the page holds of each branch, up to its newest period's end: 20,000 in all, which
-- are two years of 27 branches and 100 days of 200.
select
    branches.branch_id,
    max(periods.last_date) - cast(
        least(1100, greatest(31, 20000 / (select count(*) from marts.dim_branches))) as integer
    ) + 1 as first_date,
    max(periods.last_date) as last_date
from marts.dim_branches as branches
inner join marts.dim_periods as periods on branches.currency = periods.currency
group by branches.branch_id
