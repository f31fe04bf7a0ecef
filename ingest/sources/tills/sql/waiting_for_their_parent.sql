select cast(substr(waiting.record_key, length(waiting.branch_id) + 2) as bigint) as key
from audit.quarantine as waiting
where
    waiting.source_name = %(source)s
    and waiting.table_name = %(table)s
    and waiting.branch_id = %(branch)s
    and waiting.released_at is null
    and not exists (
        select 1
        from {root} as root
        where
            root.branch_id = waiting.branch_id
            and cast(root.{root_key} as text) = cast(waiting.order_id as text)
    )
