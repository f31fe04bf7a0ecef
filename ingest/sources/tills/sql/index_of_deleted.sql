create index if not exists {index} on {raw} (branch_id, {key})
where _deleted_at is not null
