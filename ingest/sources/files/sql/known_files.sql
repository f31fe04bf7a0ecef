select
    file_name,
    vanished_at is null and parsing is not distinct from %(parsing)s as is_current,
    branch_id,
    size,
    modified_at,
    etag
from raw_files._files
where feed = %(feed)s
