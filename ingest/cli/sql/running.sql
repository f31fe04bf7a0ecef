-- The locks of the loads that run, and when they were looked at: a load that ends later is running
-- here, and one that has begun since is known by its time.
select
    coalesce(array_agg(cast(objid as bigint)), cast(array[] as bigint[])) as held,
    clock_timestamp() - interval '1 second' as looked_at
from pg_locks
where locktype = 'advisory' and granted and classid = cast(%(key)s as oid)
