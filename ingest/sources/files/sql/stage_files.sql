-- the files of this load; what precedes a file's first line is as it has landed
create temporary table files_read (
    like raw_files._files including defaults,
    first_line bigint not null
) on commit drop
