insert into {loads} (load_id, schema_name, status, inserted_at, schema_version_hash)
select
    {load_id},
    {schema_name},
    0,
    now(),
    (
        select schema_version_hash
        from {loads}
        where schema_name = {schema_name} and status = 0
        order by load_id desc
        limit 1
    )
where
    not exists (
        select 1
        from {loads}
        where load_id = {load_id} and schema_name = {schema_name}
    )
