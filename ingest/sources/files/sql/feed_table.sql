create table if not exists {table} (
    branch_id text,
    _file_name text not null,
    _line_number bigint not null,
    _reject text,
    _deleted_at timestamptz,
    _dlt_load_id text not null
)
