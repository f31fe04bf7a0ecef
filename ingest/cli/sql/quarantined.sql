select
    source_name,
    branch_id,
    table_name,
    count(*) as records
from audit.quarantine
where released_at is null
group by source_name, branch_id, table_name
