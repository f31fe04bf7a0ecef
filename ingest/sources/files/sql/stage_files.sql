create temporary table files_read (like raw_files._files including defaults) on commit drop
