select
    file_name,
    size,
    modified_at,
    etag,
    branch_id,
    parsing,
    vanished_at is null as is_there
from raw_files._files
where feed = %(feed)s
