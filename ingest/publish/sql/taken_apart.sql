-- Take the newest messages of the web shop and its like apart, once; keep what live reads: six minutes.
with gone as (
    delete from audit.recent_events
    where load_id <= cast(extract(epoch from now()) - 360 as text)
)

insert into audit.recent_events (load_id, stream, branch_id, visitor, event_type, received_at)
select
    load_id,
    stream,
    branch_id,
    md5(coalesce(visitor_id, event_id)) as visitor,
    event_type,
    received_at
from restricted.base_streams__messages
where
    load_id > cast(extract(epoch from now()) - 360 as text)
    and load_id > (select coalesce(max(load_id), '') from audit.recent_events)
    and event_id is not null
