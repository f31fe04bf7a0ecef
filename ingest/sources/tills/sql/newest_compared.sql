-- The newest day of a branch that was compared and has something. A row dated in the future by a
-- wrong clock must not take the window with it.
select max(business_date) as newest_compared
from audit.reconciliation
where
    source = %(source)s
    and branch_id = %(branch)s
    and at_till <> 0
    and business_date between '1900-01-01' and cast(reconciled_at as date) + 1
