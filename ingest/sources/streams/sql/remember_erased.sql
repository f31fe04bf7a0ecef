insert into raw_streams._erasures (stream, branch_id, customer_id, load_id)
values (%(stream)s, %(branch)s, %(customer)s, %(load_id)s)
on conflict (stream, branch_id, customer_id) do update set load_id = excluded.load_id
