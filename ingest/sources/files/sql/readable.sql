-- How many values of a column there are, how many of them can be read, and one of them.
select
    count(*),
    count({value}),
    min(landed.{column})
from {table} as landed
cross join (select * from raw_files._feeds where feed = {feed}) as dialect
where landed._deleted_at is null and landed._reject is null and landed.{column} <> ''
