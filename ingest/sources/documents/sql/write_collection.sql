insert into raw_documents._collections as known (collection, branch, branches, personal, customer)
values (%(name)s, %(branch)s, %(branches)s, %(personal)s, %(customer)s)
on conflict (collection) do update
    set
        branch = excluded.branch,
        branches = excluded.branches,
        personal = excluded.personal,
        customer = excluded.customer
    where known is distinct from excluded
returning xmax <> 0 as was_known
