-- Values of a column that cannot be read, where they are, and how many others can be.
select
    file_name,
    line_number,
    written,
    readable
from (
    select
        landed._file_name as file_name,
        landed._line_number as line_number,
        landed.{column} as written,
        {value} is null as is_unreadable,
        count({value}) over () as readable
    from {table} as landed
    cross join (select * from raw_files._feeds where feed = {feed}) as dialect
    where landed._deleted_at is null and landed._reject is null and landed.{column} <> ''
) as valued
where is_unreadable
order by file_name, line_number
limit 100
