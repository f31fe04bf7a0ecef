select
    {totals_date} as business_date,
    {figures}
from {totals_table} as landed
cross join (select * from raw_files._feeds where feed = {feed}) as dialect
where landed._deleted_at is null and landed._reject is null
group by {totals_date}
