create table if not exists audit.publication_inputs (
    publication text primary key,
    fingerprint text not null,
    published_at timestamptz not null default now()
)
