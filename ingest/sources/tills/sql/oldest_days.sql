-- When a branch's days were last compared, and the oldest day that was, beside the oldest there is.
select
    min(reconciled_at) < now() - %(days)s * interval '1 day'
    or bool_or(business_date < %(first)s and difference <> 0) as is_due,
    min(business_date) as oldest_compared,
    (
        select greatest(least(min({moment}), %(last_moment)s), %(first_moment)s)
        from {root}
        where branch_id = %(branch)s and _deleted_at is null
    ) as oldest_row
from audit.reconciliation
where source = %(source)s and branch_id = %(branch)s
