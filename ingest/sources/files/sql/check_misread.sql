-- sqlfluff:dialect:duckdb
-- columns that another dialect reads and the declared one mostly does not
with

declared as (

    select
        columns.title,
        tried.kind,
        columns.lines as all_lines,
        sum(filled.lines) as lines,
        bool_or(tried.has_places) as has_places
    from columns
    inner join filled on columns.title = filled.title
    inner join (
        -- quantities may have a dialect of their own
        select
            title,
            text,
            kind,
            bool_or(regexp_matches(written, '[.][0-9][0-9]$')) as has_places
        from tried
        where candidate = 'declared'
        group by title, text, kind
    ) as tried on filled.title = tried.title and filled.text = tried.text
    group by columns.title, tried.kind, columns.lines

),

-- what a column is by its name
named as (

    select
        columns.title,
        bool_or(words.role = 'sold_at') as is_time,
        bool_or(words.role = 'quantity') as is_quantity,
        bool_or(words.role = 'sold_on') as is_day,
        bool_or(words.role not in ('sold_at', 'quantity', 'sold_on')) as is_money
    from columns
    inner join words on regexp_full_match(plain(columns.title), words.words)
    where
        words.role in ('sold_on', 'sold_at', 'quantity', 'unit_price', 'line_amount', 'discount')
    group by columns.title

),

others as (

    select
        readings.*,
        coalesce(named.is_quantity, false) as is_quantity,
        -- 24.11.2026 may be a time of a kind, too, and 10.30 a number
        row_number() over (
            partition by readings.title
            order by
                case when named.is_time and readings.kind = 'time' then 0 else 1 end asc,
                readings.kind asc, readings.lines desc, readings.position asc
        ) as place
    from readings
    left join named on readings.title = named.title
    where
        -- of columns that nothing reads yet, one of numbers may be codes, also such as 20261124
        case
            when {is_read} then readings.kind <> 'number' or readings.telling > 0
            when readings.kind = 'date' then readings.candidate <> 'YYYYMMDD' or named.is_day
            else readings.kind = 'time'
        end
        -- 1.0 and 1.250 say nothing of their dialect, unless the declared one does not know them
        or named.is_quantity
        or named.is_money

),

misread as (

    select
        others.*,
        dialects.decimal_separator,
        coalesce(dialects.thousands_separator, '') as thousands_separator,
        case
            when others.kind <> 'number' then others.kind || '_format'
            when dialects.decimal_separator <> {decimal_separator}
                then case when others.is_quantity then 'quantity_' else '' end || 'decimal_separator'
            when coalesce(dialects.thousands_separator, '') not in ('', {thousands_separator})
                then 'thousands_separator'
            else 'currency_sign'
        end as option
    from others
    inner join dialects on others.kind = dialects.kind and others.candidate = dialects.candidate
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

-- times that no dialect reads, like 下午 3:20
select
    columns.title,
    'time' as kind,
    arg_min(filled.text, filled.line) as text,
    min(filled.line) as line,
    'time_format' as option,
    null as proper
from columns
inner join clocks on columns.title = clocks.title
inner join filled on columns.title = filled.title
where
    columns.kind = 'text'
    and regexp_matches(filled.plain, '[0-9][^0-9]{1,3}[0-9]{2}')
    and not exists (
        select 1 from declared
        where declared.kind = 'time' and declared.lines >= 0.75 * declared.all_lines
    )
group by columns.title, columns.lines
having sum(filled.lines) >= 0.75 * columns.lines

union all

select
    misread.title,
    case misread.kind when 'date' then 'day' else misread.kind end as kind,
    arg_min(filled.text, filled.line) as text,
    min(filled.line) as line,
    misread.option,
    case misread.option
        when 'decimal_separator' then misread.decimal_separator
        when 'quantity_decimal_separator' then misread.decimal_separator
        when 'thousands_separator' then misread.thousands_separator
        when 'currency_sign' then (select currency_sign from signs)
        else misread.candidate
    end as proper
from misread
inner join filled on misread.title = filled.title and not filled.is_nothing
inner join tried
    on
        filled.title = tried.title
        and filled.text = tried.text
        and misread.kind = tried.kind
        and misread.candidate = tried.candidate
left join tried as as_declared
    on
        filled.title = as_declared.title
        and filled.text = as_declared.text
        and misread.kind = as_declared.kind
        and as_declared.candidate = 'declared'
where
    as_declared.title is null
    -- where another column is as declared, the model reads that one
    and not exists (
        select 1 from declared
        where
            declared.kind = misread.kind
            and declared.lines >= 0.75 * declared.all_lines
            and (
                misread.kind <> 'number'
                or (
                    misread.option = 'decimal_separator'
                    and declared.has_places
                    and ({is_read} or declared.title in (select title from named where is_money))
                )
            )
    )
group by all
order by title
