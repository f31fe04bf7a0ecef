-- Whether a branch's days wait for a comparison, and the oldest day that had one.
select
    min(reconciled_at) < now() - %(days)s * interval '1 day'
    or bool_or(business_date < %(first)s and difference <> 0) as is_due,
    min(business_date) as oldest_compared
from audit.reconciliation
where source = %(source)s and branch_id = %(branch)s
