-- The files that hold lines of some days, or held them once.
select distinct landed._file_name
from {table} as landed
cross join (select * from raw_files._feeds where feed = {feed}) as dialect
where {day} = any(%(days)s)
