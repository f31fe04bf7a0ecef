select distinct landed._file_name
from {landed_table} as landed
cross join (select * from raw_files._feeds where feed = {feed}) as dialect
where {day} = any(%(days)s)
