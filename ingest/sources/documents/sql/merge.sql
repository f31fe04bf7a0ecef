-- A document that has not changed keeps its load, also if an erasure has emptied parts of it.
insert into raw_documents.documents as known (
    collection,
    document_id,
    document,
    updated_at,
    content_hash,
    _dlt_load_id
)
select distinct on (chunk.document_id)
    %(collection)s,
    chunk.document_id,
    chunk.document,
    chunk.updated_at,
    md5(chunk.document),
    %(load_id)s
from {chunk} as chunk
order by chunk.document_id asc, chunk.position desc
on conflict (collection, md5(document_id)) do update
    set
        document = excluded.document,
        updated_at = excluded.updated_at,
        content_hash = excluded.content_hash,
        _deleted_at = null,
        _dlt_load_id = excluded._dlt_load_id
    where (known.content_hash, known.updated_at, known._deleted_at)
    is distinct from (excluded.content_hash, excluded.updated_at, null)
