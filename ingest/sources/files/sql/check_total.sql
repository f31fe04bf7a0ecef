-- sqlfluff:dialect:duckdb
-- the words that a text is of a line of totals by; no row where it is of none
select words
from words
where role = 'total' and regexp_full_match(plain({text}), words)
