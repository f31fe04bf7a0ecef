-- the first lines of a file
select {columns}
from {table}
where _deleted_at is null and _reject is null and _file_name = %(file)s
order by _line_number
limit %(most)s
