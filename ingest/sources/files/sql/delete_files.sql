update {table}
set
    _deleted_at = now(),
    _dlt_load_id = {load_id}{emptied}
where _deleted_at is null and _file_name = any({names})
