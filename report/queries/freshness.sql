-- When each source was last loaded.
select
    loads.source_name,
    coalesce(branches.branch_name, loads.feed_name) as feed_name,
    loads.records,
    loads.last_loaded_at
from marts.rpt_source_loads as loads
left join marts.dim_branches as branches on loads.feed_name = branches.branch_id
order by loads.source_name, feed_name
