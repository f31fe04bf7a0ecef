delete from audit.reconciliation as known
where
    source = 'files'
    and not exists (
        select 1
        from unnest(%(branches)s::text[], %(present)s::text[]) as declared (branch_id, figure)
        where
            declared.figure = known.figure
            -- of a feed of several branches, each
            and coalesce(declared.branch_id, known.branch_id) = known.branch_id
    )
