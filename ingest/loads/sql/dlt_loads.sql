create schema if not exists {schema};

create table if not exists {loads} (
    load_id text not null,
    schema_name text,
    status bigint not null,
    inserted_at timestamptz not null,
    schema_version_hash text
)
