-- the first lines of a file, or of any of a feed's files
select {columns}
from {table}
where
    _deleted_at is null
    and _reject is null
    and _file_name = coalesce(%(file)s, (
        select found._file_name
        from {table} as found
        where found._deleted_at is null and found._reject is null
        limit 1 -- noqa: AM09
    ))
order by _line_number
limit 1000
