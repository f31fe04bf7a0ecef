update raw_documents.documents as documents
set
    _deleted_at = now(),
    _dlt_load_id = %(load_id)s
where
    documents.collection = %(collection)s
    and documents._deleted_at is null
    and not exists (
        select 1
        from {seen} as seen
        where md5(seen.document_id) = md5(documents.document_id)
    )
