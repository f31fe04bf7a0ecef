create table if not exists audit.lake_tables (
    schema_name text not null,
    table_name text not null,
    row_count bigint not null,
    differing_months text[] not null,
    synced_at timestamp with time zone not null default clock_timestamp(),
    primary key (schema_name, table_name)
);
comment on table audit.lake_tables is
'One row per table of the lake: how many rows it had after its last sync, and which months of loads differed from the'
' warehouse then.'
