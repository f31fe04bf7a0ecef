-- Files that went just now; and what they are called since, where a file of the same size and time
-- came just now. The same content proves nothing: two days may be equal.
update raw_files._files as known
set vanished_at = now()
where
    feed = %(feed)s
    and vanished_at is null
    and (%(branches)s::text[] is null or branch_id is null or branch_id = any(%(branches)s))
    and file_name not in (select unnest(%(present)s::text[]))
returning
    file_name,
    (
        select min(renamed.file_name)
        from raw_files._files as renamed
        where
            renamed.feed = known.feed
            and renamed.file_name = any(%(came)s::text[])
            and renamed.size = known.size
            and renamed.modified_at = known.modified_at
    )
