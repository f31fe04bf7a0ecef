-- What can be chosen as a branch: all branches of a currency together, and each by itself.
with traded as (
    select
        branch_id,
        max(business_date) as last_date
    from marts.rpt_branch_days
    group by branch_id
)

select
    coalesce(branches.branch_id, branches.currency) as scope_id,
    branches.branch_id,
    branches.currency,
    min(branches.minor_unit) as places,
    min(branches.branch_name) as branch_name,
    min(branches.city) as city,
    count(*) as branches,
    max(traded.last_date) as last_date
from marts.dim_branches as branches
inner join traded on branches.branch_id = traded.branch_id
group by grouping sets ((branches.branch_id, branches.currency), (branches.currency))
having branches.branch_id is not null or count(*) > 1
order by count(*) desc, branches.currency, branch_name
