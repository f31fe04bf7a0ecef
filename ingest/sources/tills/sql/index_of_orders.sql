create index if not exists {index} on {raw} ({till}, (cast({key} as text)))
