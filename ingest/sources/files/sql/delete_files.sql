update {table}
set
    _deleted_at = now(),
    _dlt_load_id = {load_id}
where _deleted_at is null and _file_name = any({names})
