-- Which session holds the warehouse's lock.
select
    sessions.application_name,
    sessions.backend_start,
    coalesce(cast(sessions.client_addr as text), 'this machine') as client_address
from pg_locks as held
inner join pg_stat_activity as sessions on held.pid = sessions.pid
where
    held.locktype = 'advisory'
    and held.granted
    and held.classid = cast(%(key)s as oid)
    -- the lock's second key is an int4, which pg_locks shows as an unsigned number
    and cast(held.objid as bigint) = cast(hashtext(%(scope)s) as bigint) & 4294967295
