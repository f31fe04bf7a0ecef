-- sqlfluff:dialect:duckdb
-- what the macros of columns/dialect.sql ask of Postgres and DuckDB has under another name
create macro regexp_substr(text, pattern) as regexp_extract(text, pattern);

create macro plain_signs(text) as {plain_signs};

-- a text without blanks around it, as the macro `filled` makes it
create macro stripped(text) as trim(
    text, {blanks}
);

create macro plain(text) as trim(
    regexp_replace(
        lower(strip_accents(replace(replace(text, 'ß', 'ss'), '№', 'n '))),
        '[ _./:()?°º-]+', ' ', 'g'
    )
);

-- a number; the day's number; the hour
create macro read_as(kind, text) as case kind
    when 'number'
        then
            case
                when regexp_full_match(text, '[-+]?([0-9]+[.]?[0-9]*|[.][0-9]+)')
                    then try_cast(text as decimal(28, 8))
            end
    when 'date'
        then
            case
                when try_cast(text as date) between date '1990-01-01' and date '2100-01-01'
                    then try_cast(text as date) - date '1990-01-01'
            end
    else case
        when try_cast(split_part(text, ':', 1) as integer) <= 24
            then try_cast(split_part(text, ':', 1) as integer)
    end
end;

create table cells (line bigint, element integer, title text, value text);

create table titles (position integer, title text, shown text, expression text);

create table tried (title text, text text, kind text, candidate text, written text, read double);

create table roles (role text, title text);
