-- The newest load of the last visit that did all that it had to do.
select coalesce(max(load_id), %(known)s) as load_id
from audit.loads
where
    source = %(source)s
    and branch_id = %(part)s
    and kind <> 'heal'
    and outcome = 'succeeded'
