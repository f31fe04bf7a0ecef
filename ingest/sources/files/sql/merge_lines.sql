-- A line that did not change keeps its load: what asks for new rows does not meet it again.
insert into {table} as landed ({columns})
select {columns}
from staged
on conflict (_file_name, _line_number) do update
    set ({columns}) = row ({new})
    where (landed._deleted_at, {landed_values}) is distinct from (null, {new_values})
