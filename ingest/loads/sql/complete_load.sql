insert into {loads} (load_id, schema_name, status, inserted_at, schema_version_hash)
select
    %(load)s,
    cast(%(schema)s as text),
    0,
    now(),
    (
        select schema_version_hash
        from {loads}
        where schema_name = cast(%(schema)s as text) and status = 0
        order by load_id desc
        limit 1
    )
