update {raw}
set
    _deleted_at = now(),
    _dlt_load_id = %(load)s
where
    branch_id = %(branch)s
    and {key} = any(%(keys)s)
    and _deleted_at is null
