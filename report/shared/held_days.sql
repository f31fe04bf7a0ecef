-- The days that the page holds of each branch, up to its newest period's end: 10,000 of all branches
-- together, which is a year of 27 branches and 50 days of 200.
select
    branches.branch_id,
    max(periods.last_date) - cast(
        least(1100, greatest(31, 10000 / (select count(*) from marts.dim_branches))) as integer
    ) + 1 as first_date,
    max(periods.last_date) as last_date
from marts.dim_branches as branches
inner join marts.dim_periods as periods on branches.currency = periods.currency
group by branches.branch_id
