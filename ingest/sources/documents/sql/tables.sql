-- The documents of all collections, each collection's in a table of its own; where in them their
-- branch stands; and how far each collection is read.
create table if not exists raw_documents.documents (
    collection text not null,
    document_id text not null,
    document text not null,
    updated_at text,
    content_hash text not null,
    _deleted_at timestamptz,
    _dlt_load_id text not null
) partition by list (collection);

-- an id may be longer than an index takes
create unique index if not exists documents_key
on raw_documents.documents (collection, md5(document_id));
create index if not exists documents_load on raw_documents.documents (_dlt_load_id);

create table if not exists raw_documents._positions (
    collection text primary key,
    -- what was read: another store or folder begins anew
    place text not null,
    position jsonb not null
);

create table if not exists raw_documents._collections (
    collection text primary key,
    branch text,
    branches jsonb not null,
    personal text[] not null,
    customer text
)
