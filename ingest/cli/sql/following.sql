-- The process that follows the sources, or did last: it says every few seconds that it is there.
select
    process,
    started_at,
    seen_at,
    stopped_at,
    stopped_at is null and seen_at > now() - interval '1 minute' as is_running
from audit.following
order by started_at desc
limit 1
