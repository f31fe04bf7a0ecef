-- What is known of a till's loads and of its branches' comparisons, where no other till of the
-- system has them now.
with removed as (
    update audit.till_branches
    set removed_at = now()
    where source = %(source)s and till_id = %(till)s
    returning branch_id
),

alone as (
    select removed.branch_id
    from removed
    where
        not exists (
            select 1
            from audit.till_branches as others
            where
                others.source = %(source)s
                and others.till_id <> %(till)s
                and others.branch_id = removed.branch_id
                and others.removed_at is null
        )
),

days as (
    delete from audit.reconciliation
    where source = %(source)s and branch_id in (select branch_id from alone)
)

delete from audit.loads
where
    source = %(source)s
    and (branch_id = %(till)s or branch_id in (select branch_id from alone))
