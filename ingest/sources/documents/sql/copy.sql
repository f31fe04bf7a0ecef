copy {chunk} (position, document_id, document, updated_at) from stdin
