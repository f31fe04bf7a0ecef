select
    count(*) as keys,
    sum({key}) as total
from {raw}
where branch_id = %(branch)s and _deleted_at is null
