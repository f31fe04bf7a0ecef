-- What the last build found above the limit of quarantine: where most of a branch's records wait, of
-- all of them or of a day's loads; where the branch is not known, most of each table's.
select distinct on (source_name, branch_id, table_name)
    source_name,
    branch_id,
    table_name,
    records_in_quarantine as held,
    records
from audit.quarantine_stays_below_its_limit
order by source_name, branch_id, table_name, records_in_quarantine desc, records desc
