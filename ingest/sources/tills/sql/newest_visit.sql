-- The newest load of a visit that has read the children of its rows, too: load_id is recorded then.
select coalesce(max(load_id), %(known)s) as load_id
from audit.loads
where
    source = %(source)s
    and branch_id = %(part)s
    and kind <> 'heal'
