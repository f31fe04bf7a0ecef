select loads.tables -> 'heal' as heal
from audit.loads as loads
where
    loads.source = %(source)s
    and loads.branch_id = %(branch)s
    and loads.kind = 'heal'
    and loads.outcome <> 'succeeded'
    and loads.tables ? 'heal'
    and loads.started_at > coalesce(
        (
            select max(ended.started_at)
            from audit.loads as ended
            where
                ended.source = %(source)s
                and ended.branch_id = %(branch)s
                and ended.kind = 'heal'
                and ended.outcome = 'succeeded'
        ),
        '-infinity'
    )
