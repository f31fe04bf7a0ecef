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

create table numbers as
select
    cells.line,
    cells.element,
    columns.position,
    columns.title,
    tried.read as value
from cells
inner join columns on cells.title = columns.title and columns.kind = 'number'
inner join tried
    on
        cells.title = tried.title
        and stripped(cells.value) = tried.text
        and tried.kind = 'number'
        and columns.number = tried.candidate
where cells.line <= 20000;

-- so many lines that trying all columns of a wide file takes seconds; of the widest, none
create table few as
select *
from numbers
where line <= (
    select
        case
            when count(distinct counted.title) <= 150
                then min(counted.line) + greatest(20, 2e7 / power(count(distinct counted.title), 3))
        end
    from numbers as counted
);

-- the three columns of which two, multiplied, are the third on most lines
create table proof as
select
    one.title as factor,
    other.title as other_factor,
    product.title as amount,
    count(*) filter (where abs(one.value * other.value - product.value) < 0.01) as proven,
    count(*) as lines,
    min(one.line) filter (where abs(one.value * other.value - product.value) >= 0.01) as line
from few as one
inner join few as other
    on one.line = other.line and one.element = other.element and one.position < other.position
inner join few as product
    on
        one.line = product.line
        and one.element = product.element
        and product.title not in (one.title, other.title)
group by one.title, other.title, product.title
having
    count(*) filter (
        where abs(one.value * other.value - product.value) < 0.01
        and abs(one.value) not in (0, 1) and abs(other.value) not in (0, 1)
    ) > 0
    and count(*) filter (where abs(one.value * other.value - product.value) < 0.01)
    >= 0.7 * count(*)
    -- of columns that few lines have filled, the line of totals may prove it by chance
    and count(*) >= 0.3 * (select count(distinct everything.line) from few as everything)
order by proven desc, factor asc
limit 1;

-- an amount, a discount by its name, and the amount after it: on the lines that have a discount, and on
-- those that have none
create table nets as
select
    before.title as amount,
    taken.title as discount,
    after.title as net,
    before.shown as amount_shown,
    taken.shown as discount_shown,
    after.shown as net_shown,
    count(*) as lines
from few as amounts
inner join columns as before on amounts.title = before.title
inner join few as discounts
    on amounts.line = discounts.line and amounts.element = discounts.element
inner join columns as taken on discounts.title = taken.title
inner join words
    on
        words.role = 'discount'
        and regexp_full_match(plain(taken.shown), '(.* )?(' || words.words || ')( .*)?')
inner join few as rests on amounts.line = rests.line and amounts.element = rests.element
inner join columns as after on rests.title = after.title
left join proof on after.title in (proof.factor, proof.other_factor)
left join words as counts
    on counts.role = 'quantity' and regexp_full_match(plain(after.shown), counts.words)
where
    before.title not in (taken.title, after.title)
    and after.title <> taken.title
    -- a quantity of 1 may be what is left of a price by chance; a price of one is not the line's
    and proof.amount is null
    and counts.role is null
    and abs(discounts.value) >= 0.01
group by
    before.title, taken.title, after.title, before.shown, taken.shown, after.shown, after.position
having
    count(*) filter (
        where abs(abs(amounts.value) - abs(discounts.value) - abs(rests.value)) < 0.015
    ) >= 0.9 * count(*)
    and count(*) filter (where abs(rests.value) >= 0.01) > 0
qualify row_number() over (order by count(*) desc, after.position asc) = 1;
