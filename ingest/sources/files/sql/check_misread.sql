-- sqlfluff:dialect:duckdb
-- columns that another dialect reads and the declared one mostly does not
with

declared as (

    select
        tried.title,
        tried.kind,
        sum(filled.lines) as lines
    from tried
    inner join filled on tried.title = filled.title and tried.text = filled.text
    where tried.candidate = 'declared'
    group by tried.title, tried.kind

),

others as (

    select
        *,
        -- 24.11.2026 may be a time of a kind, too
        row_number() over (partition by title order by kind asc, lines desc, position asc) as place
    from readings
    where (kind <> 'number' or telling > 0)

),

misread as (

    select others.*
    from others
    where
        others.place = 1
        and not exists (
            select 1 from declared
            where
                declared.title = others.title
                and (declared.kind = others.kind or others.kind = 'number')
                and declared.lines >= 0.75 * others.lines
        )

)

select
    misread.title,
    case misread.kind when 'date' then 'day' else misread.kind end as kind,
    min(filled.line) as line,
    misread.candidate,
    case misread.kind when 'number' then 'decimal_separator' else misread.kind || '_format' end
        as option
from misread
inner join filled on misread.title = filled.title and not filled.is_nothing
left join tried
    on
        filled.title = tried.title
        and filled.text = tried.text
        and misread.kind = tried.kind
        and tried.candidate = 'declared'
where tried.title is null
group by misread.title, misread.kind, misread.candidate
order by misread.title
