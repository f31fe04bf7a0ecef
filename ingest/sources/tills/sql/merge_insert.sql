insert into {raw} ({columns}, _dlt_load_id)
select distinct on ({keys})
    {columns},
    %(load)s
from {staged} as staged
where
    not exists (
        select 1
        from {raw} as landed
        where landed.{till} = %(till)s and {is_same}
    )
