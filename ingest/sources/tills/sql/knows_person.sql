select
    exists(
        select 1
        from {raw}
        where branch_id = %(branch)s and {person} = %(customer)s
    ) as is_known
