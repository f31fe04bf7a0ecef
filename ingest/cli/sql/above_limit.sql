-- What the last build found above the limit of quarantine; the largest of a branch's days and of all.
select
    source_name,
    branch_id,
    max(records_in_quarantine) as held,
    max(records) as records
from audit.quarantine_stays_below_its_limit
group by source_name, branch_id
order by source_name, branch_id
