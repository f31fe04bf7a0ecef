-- sqlfluff:dialect:duckdb
-- how far each dialect reads each column
create table readings as
select
    tried.title,
    tried.kind,
    tried.candidate,
    dialects.position,
    sum(filled.lines) as lines,
    -- two places, as money has
    sum(filled.lines) filter (where regexp_matches(tried.written, '[.][0-9][0-9]$')) as telling,
    -- three places and no other: groups of thousands, if another dialect reads them so
    sum(filled.lines) filter (where regexp_matches(tried.written, '[.][0-9]{3}$')) as of_three,
    max(tried.read) - min(tried.read) as span,
    sum(tried.read) as total
from tried
inner join filled on tried.title = filled.title and tried.text = filled.text
inner join dialects on tried.kind = dialects.kind and tried.candidate = dialects.candidate
inner join (
    select
        something.title,
        sum(something.lines) as lines
    from filled as something
    where not something.is_nothing
    group by something.title
) as of_columns on tried.title = of_columns.title
-- what follows a single 0, as in 0,350, separates no thousands
left join (
    select distinct
        small.title,
        substr(ltrim(small.plain, '-+('), 2, 1) as sign
    from filled as small
    where starts_with(ltrim(small.plain, '-+('), '0')
) as zeros on tried.title = zeros.title and dialects.thousands_separator = zeros.sign
where not filled.is_nothing and zeros.title is null
group by tried.title, tried.kind, tried.candidate, dialects.position, of_columns.lines
having sum(filled.lines) >= 0.75 * of_columns.lines;

-- the dialects of each kind, the likeliest first: what reads most money, then most lines; of two that
-- read the same days, the one by which they are closer together
create table ranked as
select
    *,
    row_number() over (
        partition by kind
        order by
            telling desc, lines desc, case when kind = 'date' then span end asc, of_three asc,
            position asc
    ) as place
from (
    select
        kind,
        candidate,
        position,
        sum(lines) as lines,
        coalesce(sum(telling), 0) as telling,
        case when kind = 'number' then coalesce(sum(of_three), 0) end as of_three,
        sum(span) as span,
        sum(total) as total
    from readings
    group by kind, candidate, position
) as totals;

create table chosen as
select
    dialects.*,
    rival.candidate as rival
from ranked
inner join dialects on ranked.kind = dialects.kind and ranked.candidate = dialects.candidate
left join ranked as rival
    on
        ranked.kind = rival.kind
        and rival.place > 1
        and ranked.kind in ('date', 'number')
        and ranked.lines = rival.lines
        and ranked.telling = rival.telling
        and abs(ranked.total - rival.total) >= 0.005
where ranked.place = 1
qualify row_number() over (partition by ranked.kind order by rival.place asc nulls last) = 1;

-- what kind of values each column has; numbers may be in another dialect than the feed's
create table columns as
select
    titles.position,
    titles.title,
    titles.shown,
    titles.expression,
    sizes.lines,
    coalesce(sizes.different, 0) as different,
    coalesce(sizes.example, '') as example,
    case
        when sizes.title is null then 'empty'
        when bool_or(chosen.kind = 'date') and bool_or(chosen.kind = 'time') then 'moment'
        when bool_or(chosen.kind = 'date') then 'date'
        when bool_or(chosen.kind = 'time') then 'time'
        when bool_or(readings.kind = 'number') or sizes.is_nothing then 'number'
        else 'text'
    end as kind,
    case
        when
            max(readings.lines) filter (where chosen.kind = 'number')
            >= max(readings.lines) filter (where readings.kind = 'number')
            or not coalesce(bool_or(readings.kind = 'number'), false)
            then (select of_feed.candidate from chosen as of_feed where of_feed.kind = 'number')
        else
            arg_max(readings.candidate, readings.lines * 10 - readings.position)
            filter (where readings.kind = 'number')
    end as number
from titles
left join (
    select
        title,
        sum(lines) as lines,
        count(*) as different,
        coalesce(
            arg_min(text, line) filter (where not is_nothing), arg_min(text, line)
        ) as example,
        bool_and(is_nothing) as is_nothing
    from filled
    group by title
) as sizes on titles.title = sizes.title
left join readings on titles.title = readings.title
left join chosen on readings.kind = chosen.kind and readings.candidate = chosen.candidate
group by
    titles.position, titles.title, titles.shown, titles.expression, sizes.title, sizes.lines,
    sizes.different, sizes.example, sizes.is_nothing;
