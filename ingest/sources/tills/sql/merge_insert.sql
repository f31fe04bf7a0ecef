insert into {raw} ({columns}, _dlt_load_id)
select distinct on ({key})
    {columns},
    %(load)s
from {staged}
