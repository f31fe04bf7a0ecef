-- What all feeds share: which files have landed, and how each feed is written.
create table if not exists raw_files._files (
    feed text not null,
    file_name text not null,
    branch_id text,
    size bigint not null,
    modified_at timestamptz not null,
    etag text,
    lines bigint not null,
    rejects bigint not null,
    load_id text not null,
    first_seen_at timestamptz not null default now(),
    read_at timestamptz not null default now(),
    vanished_at timestamptz,
    primary key (feed, file_name)
);

alter table raw_files._files
add column if not exists parsing text,
add column if not exists first_modified_at timestamptz,
add column if not exists read_bytes bigint,
add column if not exists read_digest text,
add column if not exists next_line bigint;

create table if not exists raw_files._feeds (
    feed text primary key,
    branch_id text,
    format text not null,
    encoding text not null,
    delimiter text not null,
    decimal_separator text not null,
    thousands_separator text not null,
    currency_sign text not null,
    date_format text not null,
    time_format text not null,
    negative_quantity text not null
);

alter table raw_files._feeds add column if not exists quantity_decimal_separator text
