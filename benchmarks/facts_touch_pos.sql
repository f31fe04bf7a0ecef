-- A load that brings one order in psql's `step` of the till again, with all its records.
update raw_pos.orders
set note = :'load', _dlt_load_id = :'load'
where branch_id = 'chicago' and order_id > 1000000 and order_id % :step = 0;
update raw_pos.order_lines
set _dlt_load_id = :'load'
where branch_id = 'chicago' and order_id > 1000000 and order_id % :step = 0;
update raw_pos.payments
set _dlt_load_id = :'load'
where branch_id = 'chicago' and order_id > 1000000 and order_id % :step = 0;
insert into raw_pos._dlt_loads (load_id, schema_name, status, inserted_at)
values (:'load', 'pos_chicago', 0, now());
analyze raw_pos.orders, raw_pos.order_lines, raw_pos.payments;
