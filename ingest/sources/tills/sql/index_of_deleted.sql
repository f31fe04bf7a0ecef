create index if not exists {index} on {raw} ({till}, {key})
where _deleted_at is not null
