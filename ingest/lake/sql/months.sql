-- how many rows a table has of each month of its loads, and the sum of their hashes
select
    counted.month,
    count(*) as row_count,
    coalesce(sum(counted.hash), 0) as hash
from (
    select
        {month} as month,
        {hash} as hash
    from {records}
    where {condition}
) as counted
group by counted.month
