-- sqlfluff:dialect:duckdb
-- the words that one of some texts is of a line of totals by; no row where none is
select words.words
from words
cross join (select unnest({texts}) as text) as texts
where words.role = 'total' and regexp_full_match(plain(texts.text), words.words)
