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
    parsing,
    read_bytes,
    read_digest,
    next_line
)
select
    files_read.feed,
    files_read.file_name,
    files_read.branch_id,
    files_read.size,
    files_read.modified_at,
    files_read.modified_at as first_modified_at,
    files_read.etag,
    files_read.lines + coalesce(grown.lines, 0) as lines,
    files_read.rejects + coalesce(grown.rejects, 0) as rejects,
    files_read.load_id,
    files_read.parsing,
    files_read.read_bytes,
    files_read.read_digest,
    files_read.next_line
from files_read
left join raw_files._files as grown
    on
        files_read.feed = grown.feed
        and files_read.file_name = grown.file_name
        and files_read.first_line > 0
on conflict (feed, file_name) do update set
    branch_id = excluded.branch_id,
    size = excluded.size,
    modified_at = excluded.modified_at,
    etag = excluded.etag,
    lines = excluded.lines,
    rejects = excluded.rejects,
    load_id = excluded.load_id,
    parsing = excluded.parsing,
    read_bytes = excluded.read_bytes,
    read_digest = excluded.read_digest,
    next_line = excluded.next_line,
    read_at = excluded.read_at,
    vanished_at = null
