select listed.{key}
from {root} as root
inner join {raw} as listed
    on
        root.branch_id = listed.branch_id
        and root.{root_key} = listed.{parent_key}
where
    root.branch_id = %(branch)s
    and root._deleted_at is not null
    and listed._deleted_at is null
