select count(*) > 0
from {table} as lines
where
    (lines.branch_id = %(branch)s or lines.branch_id is null)
    and trim(lines.{customer}) = %(customer)s
