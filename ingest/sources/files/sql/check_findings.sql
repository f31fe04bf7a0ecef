-- sqlfluff:dialect:duckdb
-- what the model leaves out or may read in the wrong way, a sentence each
create table findings as
select
    1 as position,
    format(
        '{} is a list that has several entries in {} record(s), first in line {}. The model reads only the first'
        || ' entry: write the others ({}) into the model, or their amounts are missing.',
        leaves.column_name,
        count(distinct leaves.line) filter (where leaves.element > 0),
        min(leaves.line) filter (where leaves.element > 0),
        string_agg(distinct leaves.key, ', ' order by leaves.key)
    ) as sentence
from leaves
inner join lists on leaves.column_name = lists.column_name and not lists.is_lines
group by leaves.column_name
having max(leaves.element) > 0
