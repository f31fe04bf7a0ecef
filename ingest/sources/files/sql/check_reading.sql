-- how far each column is read in one dialect; `span` is how far apart its days or numbers are
insert into readings
select
    title,
    {kind} as kind,
    {candidate} as candidate,
    {position} as position,
    coalesce(sum(lines) filter (where read is not null), 0) as lines,
    sum(lines) as all_lines,
    coalesce(sum(lines) filter (where read is not null and is_telling), 0) as telling,
    coalesce(max(read) - min(read), 0) as span
from (
    select
        title,
        lines,
        -- two places, as money has
        regexp_matches(written, '[.][0-9][0-9]$') as is_telling,
        {read} as read
    from (select *, {written} as written from filled) as rewritten
    where not is_nothing and {where}
) as tried
group by title
