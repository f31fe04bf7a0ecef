update {raw} as landed
set
    _deleted_at = now(),
    _dlt_load_id = %(load)s
from {gone} as gone
where
    landed.{till} = %(till)s
    and {is_same}
    and landed._deleted_at is null
