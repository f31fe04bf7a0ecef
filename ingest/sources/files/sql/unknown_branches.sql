-- the branches of a load, or of all, that the seed does not have, each with one of its lines
select distinct on (branch_id)
    branch_id,
    _file_name,
    _line_number
from {table}
where
    (cast(%(load_id)s as text) is null or _dlt_load_id = %(load_id)s)
    and _deleted_at is null
    and _reject is null
    and branch_id <> all(cast(%(known)s as text[]))
order by branch_id, _file_name, _line_number
limit 5
