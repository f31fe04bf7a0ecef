-- sqlfluff:dialect:duckdb
-- no format but JSON lines has nested values
create table lists (column_name text, is_lines boolean);

create table leaves (line bigint, column_name text, key text, value text, element integer)
