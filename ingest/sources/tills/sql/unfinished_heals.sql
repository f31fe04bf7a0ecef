select tables -> 'heal' as heal
from audit.loads
where
    source = %(source)s
    and branch_id = %(branch)s
    and kind = 'heal'
    and outcome <> 'succeeded'
    and tables ? 'heal'
    and started_at > coalesce(
        (
            select max(started_at)
            from audit.loads
            where
                source = %(source)s
                and branch_id = %(branch)s
                and kind = 'heal'
                and outcome = 'succeeded'
        ),
        '-infinity'
    )
