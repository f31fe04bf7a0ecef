-- How far each partition was read when its topic was read last, and how much there was then. Offsets
-- are places: what a transaction took back has some, too.
with loads as (
    select distinct on (tables ->> 'feed')
        tables ->> 'feed' as stream,
        tables -> (tables ->> 'feed') -> 'next_offsets' as next_offsets,
        tables -> (tables ->> 'feed') -> 'end_offsets' as end_offsets,
        finished_at as read_at
    from audit.loads
    where source = 'streams' and tables -> (tables ->> 'feed') ? 'end_offsets'
    order by tables ->> 'feed' asc, started_at desc
)

select
    loads.stream,
    ends.key as partition_id,
    coalesce(cast(loads.next_offsets ->> ends.key as bigint), 0) as next_offset,
    cast(ends.value as bigint)
    - coalesce(cast(loads.next_offsets ->> ends.key as bigint), 0) as messages_behind,
    loads.read_at,
    now() - loads.read_at as lag
from loads
cross join jsonb_each_text(loads.end_offsets) as ends
order by loads.stream, ends.key
