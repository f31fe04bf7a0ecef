-- The branches of a load, or of all, that the seed does not have, each with one of its lines. A line
-- without a branch may be one of totals: of these there are more, with their values.
select
    branch_id,
    _file_name,
    _line_number,
    texts
from (
    select
        branch_id,
        _file_name,
        _line_number,
        to_jsonb(landed) - cast(%(own)s as text[]) as texts,
        row_number() over (partition by branch_id order by _file_name, _line_number) as place
    from {table} as landed
    where
        (cast(%(load_id)s as text) is null or _dlt_load_id = %(load_id)s)
        and _deleted_at is null
        and _reject is null
        and branch_id <> all(cast(%(known)s as text[]))
) as lines
where place = 1 or (place <= 100 and trim(branch_id) = '')
order by branch_id, place
limit 105
