select
    file_name,
    vanished_at is null and coalesce(parsing = %(parsing)s, false) as is_current,
    read_bytes,
    read_digest,
    next_line,
    branch_id,
    size,
    modified_at,
    etag
from raw_files._files
where feed = %(feed)s
