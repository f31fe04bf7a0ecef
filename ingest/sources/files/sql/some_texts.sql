-- the first lines of a file that has one column, also those that do not fit it
select coalesce(_reject, {column})
from {table}
where _deleted_at is null and _file_name = %(file)s
order by _line_number
limit 100
