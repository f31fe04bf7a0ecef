-- The hash stays: the document as its store has it does not land again.
update raw_documents.documents
set
    document = %(document)s,
    _dlt_load_id = %(load_id)s
where
    collection = %(collection)s
    and md5(document_id) = md5(%(document_id)s)
    and document_id = %(document_id)s
