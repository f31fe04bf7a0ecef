-- the first line of a file that is no record
select
    _line_number,
    _reject
from {table}
where _file_name = %(file)s and _reject is not null and _deleted_at is null
order by _line_number
limit 1
