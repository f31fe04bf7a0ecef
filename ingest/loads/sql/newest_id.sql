select coalesce(max(cast(load_id as double precision)), 0) as newest
from {loads}
