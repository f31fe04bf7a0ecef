select
    quarantined_at,
    source_name,
    branch_id,
    table_name,
    record_key,
    reasons,
    raw_record,
    released_at,
    count(*) over () as in_all
from audit.quarantine
where
    source_name = coalesce(%(source)s, source_name)
    and coalesce(branch_id, '') = coalesce(%(branch)s, branch_id, '')
    and (released_at is null or %(released)s)
order by
    is_held_with_its_order asc,
    quarantined_at desc,
    source_name asc,
    table_name asc,
    record_key asc
limit %(most)s
