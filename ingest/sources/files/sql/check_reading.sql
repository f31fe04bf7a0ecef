-- sqlfluff:dialect:duckdb
-- each value as one dialect reads it, by the macro that the models use
insert into tried
select
    title,
    text,
    {kind} as kind,
    {candidate} as candidate,
    written,
    read_as({kind}, written) as read
from (
    select
        filled.title,
        filled.text,
        {written} as written
    from filled
    -- prices look like 12.30, too: but not all of them have less than 60 cents, in many ways
    where
        (not {is_rare} or filled.title in (select title from clocks))
        and filled.has_digits
        and (not {has_letters} or filled.has_letters)
) as rewritten
where read_as({kind}, written) is not null
