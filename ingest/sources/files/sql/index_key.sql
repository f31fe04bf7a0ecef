create unique index if not exists {index} on {table} (_file_name, _line_number)
