select
    file_name,
    vanished_at is null as is_there,
    parsing is not distinct from %(parsing)s as is_read_alike,
    branch_id,
    size,
    modified_at,
    etag
from raw_files._files
where feed = %(feed)s
