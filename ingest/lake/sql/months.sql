-- how many rows a table has of each month of its loads, and the sum of their hashes
select
    {month} as month,
    count(*) as row_count,
    coalesce(sum({hash}), 0) as hash
from {relation} as records
where {condition}
group by 1
