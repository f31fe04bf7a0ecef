-- what the lake had after its last sync, by schema
select
    schema_name,
    count(*) as tables,
    cast(sum(row_count) as bigint) as row_count,
    min(synced_at) as synced_at,
    array_agg(table_name order by table_name)
    filter (where cardinality(differing_months) > 0) as differing
from audit.lake_tables
group by schema_name
order by schema_name
