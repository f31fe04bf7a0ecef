create index if not exists {index} on {raw} (branch_id, (cast({key} as text)))
