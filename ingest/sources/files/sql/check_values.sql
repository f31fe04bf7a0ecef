-- the values of a file, each once for a column, without the blanks around them
create table filled as
select
    title,
    text,
    count(*) as lines,
    min(line) as line,
    -- 0, -0,00 and a dash are written alike in every dialect
    translate(text, '0-.,', '') = '' as is_nothing
from (
    select
        name as title,
        _line_number as line,
        trim(both {blanks} from value) as text
    from cells
) as trimmed
where text <> ''
group by title, text
