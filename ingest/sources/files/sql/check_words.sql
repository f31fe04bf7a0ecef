-- sqlfluff:dialect:duckdb
-- what each column may be by its title, or by words in it; a pattern of a table is slow to try, so each
-- is tried once
create table named as
select
    columns.title,
    words.role,
    words.kinds,
    regexp_full_match(plain(columns.shown), words.words) as is_whole
from columns
inner join words
    on regexp_full_match(plain(columns.shown), '(.* )?(' || words.words || ')( .*)?');

-- ways of paying, channels, and what was not sold, among the commonest values of each column
create table known as
select
    common.title,
    common.text,
    common.lines,
    words.role,
    words.kinds
from (
    select filled.*
    from filled
    inner join columns on filled.title = columns.title
    where columns.kind = 'text' or columns.different <= 12
    qualify
        row_number() over (
            partition by filled.title order by filled.lines desc, filled.text asc
        ) <= 50
) as common
inner join words
    on
        words.kinds in ('payment', 'channel', 'value')
        and regexp_full_match(plain(common.text), words.words)
