insert into audit.erasures (branch_id, customer_id)
values (%(branch)s, %(customer)s)
on conflict (branch_id, customer_id) do update set applied_load_id = null
