insert into raw_streams._erasures values (%s, %s, %s, %s)
on conflict (stream, branch_id, customer_id) do update set load_id = excluded.load_id
