create unique index if not exists {key} on {table} (_file_name, _line_number);

create index if not exists {load} on {table} (_dlt_load_id)
