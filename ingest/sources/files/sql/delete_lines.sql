update {table} as landed
set
    _deleted_at = now(),
    _dlt_load_id = {load_id}{emptied}
from files_read
inner join raw_files._files as known
    on files_read.feed = known.feed and files_read.file_name = known.file_name
where
    landed._deleted_at is null
    and landed._file_name = files_read.file_name
    and landed._line_number >= files_read.first_line
    and not exists (
        select 1
        from staged
        where
            staged._file_name = landed._file_name
            and staged._line_number = landed._line_number
    )
