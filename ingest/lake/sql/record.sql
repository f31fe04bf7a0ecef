insert into audit.lake_tables (schema_name, table_name, row_count, differing_months)
values (%(schema)s, %(table)s, %(rows)s, %(months)s)
on conflict (schema_name, table_name) do update
    set
        row_count = excluded.row_count,
        differing_months = excluded.differing_months,
        synced_at = clock_timestamp()
