-- What a visit has seen of a collection, and the documents of its chunk; both are the session's.
drop table if exists {seen};
drop table if exists {chunk};
create temporary table {seen} (
    document_id text not null,
    updated_at text
);
create temporary table {chunk} (
    position integer not null,
    document_id text not null,
    document text,
    updated_at text
) on commit delete rows
