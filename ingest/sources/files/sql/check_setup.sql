-- what the macros of columns/dialect.sql ask of Postgres and DuckDB has under another name
create macro regexp_substr(text, pattern) as regexp_extract(text, pattern);

create macro number_of(text) as case
    when regexp_full_match(text, '[-+]?([0-9]+[.]?[0-9]*|[.][0-9]+)')
        then try_cast(text as decimal(28, 8))
end;

create macro day_of(text) as case
    when try_cast(text as date) between date '1990-01-01' and date '2100-01-01'
        then try_cast(text as date) - date '1990-01-01'
end;

create macro hour_of(text) as case
    when try_cast(split_part(text, ':', 1) as integer) <= 24
        then try_cast(split_part(text, ':', 1) as integer)
end;

create table readings (
    title text,
    kind text,
    candidate text,
    position integer,
    lines bigint,
    all_lines bigint,
    telling bigint,
    span double
);

create table numbers (line bigint, title text, position integer, value double);
