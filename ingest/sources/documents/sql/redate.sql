update raw_documents.documents
set _dlt_load_id = %(load_id)s
where collection = %(collection)s
