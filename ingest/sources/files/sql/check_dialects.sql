-- the dialects of each kind, the likeliest first: what reads most columns, with most money; of two
-- that read the same days the one by which they are closer together
select
    kind,
    candidate,
    sum(lines) as lines,
    sum(telling) as telling,
    sum(span) as span
from readings
where lines >= 0.75 * all_lines
group by kind, candidate, position
order by kind asc, telling desc, lines desc, case when kind = 'date' then sum(span) end asc,
    position asc
