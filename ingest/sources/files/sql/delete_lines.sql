update {table} as landed
set
    _deleted_at = now(),
    _dlt_load_id = {load_id}{emptied}
where
    landed._deleted_at is null
    and landed._file_name in (
        select files_read.file_name
        from files_read
        inner join raw_files._files as known
            on files_read.feed = known.feed and files_read.file_name = known.file_name
    )
    and not exists (
        select 1
        from staged
        where
            staged._file_name = landed._file_name
            and staged._line_number = landed._line_number
    )
