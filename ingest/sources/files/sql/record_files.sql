insert into raw_files._files as known (
    feed,
    file_name,
    branch_id,
    size,
    modified_at,
    first_modified_at,
    etag,
    lines,
    rejects,
    load_id,
    parsing
)
select
    feed,
    file_name,
    branch_id,
    size,
    modified_at,
    modified_at as first_modified_at,
    etag,
    lines,
    rejects,
    load_id,
    parsing
from files_read
on conflict (feed, file_name) do update set
    branch_id = excluded.branch_id,
    size = excluded.size,
    modified_at = excluded.modified_at,
    etag = excluded.etag,
    lines = excluded.lines,
    rejects = excluded.rejects,
    load_id = excluded.load_id,
    parsing = excluded.parsing,
    read_at = excluded.read_at,
    vanished_at = null
