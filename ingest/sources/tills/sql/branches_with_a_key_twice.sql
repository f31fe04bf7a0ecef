select distinct branch_id
from (
    select branch_id
    from {raw}
    group by branch_id, {key}
    having count(*) > 1
) as doubled
