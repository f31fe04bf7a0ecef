-- What is to be reached in each month, and by how many branches.
select
    coalesce(branch_id, currency) as scope_id,
    month_start,
    figure,
    sum(target_value) as target_value,
    count(*) as branches
from marts.rpt_targets
group by grouping sets ((branch_id, month_start, figure), (currency, month_start, figure))
order by scope_id, month_start, figure
