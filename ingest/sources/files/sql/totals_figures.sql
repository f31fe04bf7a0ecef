-- The day figures that a till says itself.
select
    {day} as business_date,
    {figures}
from {table} as landed
cross join (select * from raw_files._feeds where feed = {feed}) as dialect
where landed.branch_id = {branch} and landed._deleted_at is null and landed._reject is null
group by business_date
