create index if not exists {index} on {table} (_dlt_load_id)
