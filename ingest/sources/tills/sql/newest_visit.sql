-- The newest load of a visit that has read what belongs to its rows: it is named then.
select coalesce(max(load_id), %(known)s) as load_id
from audit.loads
where
    source = %(source)s
    and branch_id = %(part)s
    and kind <> 'heal'
