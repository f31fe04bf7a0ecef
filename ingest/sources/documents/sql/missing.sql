-- How many documents we have, and how many of them its store has no longer.
select
    count(*) as known,
    count(*) filter (where seen.key is null) as missing
from raw_documents.documents as documents
left join (
    select distinct md5(document_id) as key
    from {seen}
) as seen
    on md5(documents.document_id) = seen.key
where documents.collection = %(collection)s and documents._deleted_at is null
