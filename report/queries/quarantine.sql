-- How many records of each table are held back, whatever branch they are of.
select
    source_name,
    table_name,
    sum(records) as records,
    sum(records_in_quarantine) as records_in_quarantine,
    sum(records_in_quarantine) / nullif(sum(records), 0) as quarantine_share
from marts.rpt_data_quality
group by source_name, table_name
order by records_in_quarantine desc, source_name, table_name
