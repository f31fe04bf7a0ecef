select
    file_name,
    vanished_at is null and coalesce(parsing = %(parsing)s, false) as is_current,
    branch_id,
    size,
    modified_at,
    etag
from raw_files._files
where feed = %(feed)s
