insert into raw_streams._streams as known (
    stream,
    event_id,
    event_type,
    occurred_at,
    branch,
    customer,
    visitor,
    branches,
    personal,
    max_bytes
)
values (
    %(name)s,
    %(event_id)s,
    %(event_type)s,
    %(occurred_at)s,
    %(branch)s,
    %(customer)s,
    %(visitor)s,
    %(branches)s,
    %(personal)s,
    %(max_bytes)s
)
on conflict (stream) do update
    set
        event_id = excluded.event_id,
        event_type = excluded.event_type,
        occurred_at = excluded.occurred_at,
        branch = excluded.branch,
        customer = excluded.customer,
        visitor = excluded.visitor,
        branches = excluded.branches,
        personal = excluded.personal,
        max_bytes = excluded.max_bytes
    where known is distinct from excluded
returning xmax <> 0 as was_known
