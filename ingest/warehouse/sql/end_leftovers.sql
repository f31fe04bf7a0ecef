-- End the sessions of a dead command that still write, while the caller holds the lock: whoever
-- writes in these names holds the lock, and so its command cannot be alive. Where a developer holds
-- a lock of ours, a session may be his, and nothing is ended.
select pg_terminate_backend(sessions.pid) as is_ended
from pg_stat_activity as sessions
where
    sessions.usename = session_user
    and sessions.datname = current_database()
    and sessions.pid <> pg_backend_pid()
    and sessions.application_name in (
        'mypizza ingest', 'mypizza reconcile', 'mypizza erasure', 'mypizza dbt'
    )
    and exists (
        select 1
        from pg_locks as written
        where
            written.pid = sessions.pid
            and written.locktype = 'relation'
            and written.mode in (
                'RowExclusiveLock', 'ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock',
                'AccessExclusiveLock', 'ShareUpdateExclusiveLock'
            )
    )
    and not exists (
        select 1
        from pg_locks as held
        where
            held.locktype = 'advisory'
            and held.classid = cast(%(key)s as oid)
            and held.granted
            and held.pid <> pg_backend_pid()
    )
