create table if not exists audit.publication_inputs (
    version_id text primary key,
    fingerprint text not null,
    published_at timestamptz not null default now()
)
