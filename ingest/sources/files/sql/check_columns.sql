-- what kind of values each column has: by the dialects that were chosen, numbers by any
with

sizes as (

    select
        title,
        sum(lines) as lines,
        count(*) as different,
        min_by(text, line) as example,
        min_by(text, line) filter (where not is_nothing) as something,
        bool_and(is_nothing) as is_nothing
    from filled
    group by title

),

fitting as (

    select * from readings
    where lines >= 0.75 * all_lines

),

read as (

    select
        title,
        bool_or(kind = 'date' and candidate = {date}) as has_date,
        bool_or(kind = 'time' and candidate = {time}) as has_time,
        bool_or(kind = 'number' and candidate = {number}) as has_number,
        min_by(candidate, position - telling * 100 - lines * 100)
            filter (where kind = 'number') as number
    from fitting
    group by title

)

select
    titles.title,
    titles.shown,
    coalesce(sizes.lines, 0) as lines,
    coalesce(sizes.different, 0) as different,
    coalesce(sizes.something, sizes.example, '') as example,
    case
        when read.has_date and read.has_time then 'moment'
        when read.has_date then 'date'
        when read.has_time then 'time'
        when read.number is not null or sizes.is_nothing then 'number'
        when sizes.title is null then 'empty'
        else 'text'
    end as kind,
    case when coalesce(read.has_number, true) then {number} else read.number end as number
from titles
left join sizes on titles.title = sizes.title
left join read on titles.title = read.title
order by titles.position
