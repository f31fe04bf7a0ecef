-- Which session holds the warehouse's lock.
select
    sessions.application_name,
    sessions.backend_start,
    coalesce(cast(sessions.client_addr as text), 'this machine') as client
from pg_locks as locks
inner join pg_stat_activity as sessions on locks.pid = sessions.pid
where
    locks.locktype = 'advisory'
    and locks.granted
    and locks.classid = cast(%(key)s as oid)
    -- the lock's second key is an int4, which pg_locks shows as an unsigned number
    and cast(locks.objid as bigint) = cast(hashtext(%(scope)s) as bigint) & 4294967295
