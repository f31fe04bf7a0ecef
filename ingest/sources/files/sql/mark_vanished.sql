update raw_files._files
set vanished_at = now()
where
    feed = %(feed)s
    and file_name = any(%(names)s)
    and (%(branches)s::text[] is null or branch_id is null or branch_id = any(%(branches)s))
