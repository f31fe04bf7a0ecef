insert into {seen} (document_id, updated_at)
select
    chunk.document_id,
    chunk.updated_at
from {chunk} as chunk
