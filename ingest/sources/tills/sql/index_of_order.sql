-- The models know orders of every till by text.
create index if not exists {index} on {raw} (cast({key} as text), {till})
