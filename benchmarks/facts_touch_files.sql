-- A load that brings one ticket in psql's `step` of the export again, with all its lines.
update raw_files.lyon_sales
set quantite = '2', _dlt_load_id = :'load'
where ticket like 'B%' and cast(substring(ticket, 2) as integer) % :step = 0;
insert into raw_files._dlt_loads (load_id, schema_name, status, inserted_at)
values (:'load', 'files_lyon_sales', 0, now());
analyze raw_files.lyon_sales;
