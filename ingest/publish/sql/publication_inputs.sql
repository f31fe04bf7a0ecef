create table if not exists audit.publication_inputs (
    publication_comment text primary key,
    fingerprint text not null,
    published_at timestamptz not null default now()
)
