insert into raw_files._dlt_loads (load_id, schema_name, status, inserted_at)
select
    {load_id},
    {schema_name},
    0,
    now()
where not exists (select 1 from raw_files._dlt_loads where load_id = {load_id})
