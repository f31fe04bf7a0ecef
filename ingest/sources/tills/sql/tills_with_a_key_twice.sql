select distinct {till}
from (
    select {till}
    from {raw}
    group by {till}, {key}
    having count(*) > 1
) as doubled
