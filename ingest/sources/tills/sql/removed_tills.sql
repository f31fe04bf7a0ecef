-- Tills that were removed before the last two publications: neither version of the marts has them.
select distinct till_branches.till_id
from audit.till_branches as till_branches
where
    till_branches.source = %(source)s
    and (
        select count(*)
        from audit.publications as publications
        where
            publications.outcome = 'published'
            and publications.finished_at > till_branches.removed_at
    ) >= 2
