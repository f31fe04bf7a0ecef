-- the first lines of one of a feed's files
select {columns}
from {table}
where
    _deleted_at is null
    and _reject is null
    and _file_name = (
        select found._file_name
        from {table} as found
        where found._deleted_at is null and found._reject is null
        limit 1
    )
limit 1000
