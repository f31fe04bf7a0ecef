insert into {raw} ({columns}, _dlt_load_id)
select
    {columns},
    %(load)s
from {staged}
on conflict do nothing
