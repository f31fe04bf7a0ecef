-- What the store has and we have not, or otherwise.
select seen.document_id
from {seen} as seen
left join raw_documents.documents as known
    on
        known.collection = %(collection)s
        and md5(seen.document_id) = md5(known.document_id)
where
    known.document_id is null
    or known._deleted_at is not null
    or known.updated_at is distinct from seen.updated_at
