-- sqlfluff:dialect:duckdb
-- columns of numbers, days or times that the declared dialect does not read: others are tried on them
with

named as (

    select
        titles.title,
        bool_or(words.role = 'sold_at') as is_time,
        bool_or(words.role = 'sold_on') as is_day
    from titles
    inner join words on regexp_full_match(plain(titles.shown), words.words)
    where words.role in ('sold_on', 'sold_at')
    group by titles.title

),

settled as (

    select
        filled.title,
        tried.kind
    from filled
    left join tried
        on filled.title = tried.title and filled.text = tried.text and tried.candidate = 'declared'
    where not filled.is_nothing
    group by filled.title, tried.kind
    having
        sum(filled.lines) >= 0.75 * (
            select sum(everything.lines)
            from filled as everything
            where everything.title = filled.title and not everything.is_nothing
        )

),

-- what is read as a number may be a day or a time of day without a sign in it
alike as (

    select
        filled.title,
        bool_and(regexp_full_match(filled.plain, '(19|20)[0-9]{6}')) as is_day,
        filled.title in (select title from clocks) as is_time
    from filled
    where
        not filled.is_nothing
        and regexp_matches(filled.plain, '[0-9]')
        and (
            filled.title in (select title from clocks)
            or regexp_full_match(
                filled.plain,
                '(?i)(' || currency() || '|[ap][. \x{a0}\x{2009}\x{202f}]*m|[htz]|\PL)*'
            )
        )
    group by filled.title

)

select alike.title
from alike
left join named on alike.title = named.title
left join settled on alike.title = settled.title
group by alike.title, alike.is_day, alike.is_time, named.is_day, named.is_time
having
    case
        when alike.is_time or named.is_time
            then not coalesce(bool_or(settled.kind = 'time'), false)
        when alike.is_day or named.is_day
            then not coalesce(bool_or(settled.kind = 'date'), false)
        else bool_and(settled.kind is null)
    end
