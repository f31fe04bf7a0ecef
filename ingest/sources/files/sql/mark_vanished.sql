update raw_files._files
set vanished_at = now()
where
    feed = %(feed)s
    and vanished_at is null
    and (%(branches)s::text[] is null or branch_id is null or branch_id = any(%(branches)s))
    and file_name not in (select unnest(%(present)s::text[]))
returning file_name
