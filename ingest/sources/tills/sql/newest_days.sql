-- The newest row and the newest compared day of a branch. A row dated in the future by a wrong
-- clock must not take the window with it.
select
    (
        select max({moment})
        from {root}
        where
            branch_id = %(branch)s
            and {moment} > '1900-01-01'
            and {moment} < now() + interval '1 day'
    ) as newest_row,
    (
        select max(business_date)
        from audit.reconciliation
        where
            source = %(source)s
            and branch_id = %(branch)s
            and at_till <> 0
            and business_date between '1900-01-01' and cast(reconciled_at as date) + 1
    ) as newest_compared
