create table if not exists {table} partition of raw_documents.documents
for values in ({collection})
