insert into {table} as landed ({columns})
select {columns} from staged
on conflict (_file_name, _line_number) do update set ({columns}) = row({excluded})
where (landed._deleted_at, {landed_values}) is distinct from (null, {excluded_values})
