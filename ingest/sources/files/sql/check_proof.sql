-- sqlfluff:dialect:duckdb
-- what the columns of numbers tell: products, and amounts before and after a discount
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
        and cells.value = tried.text
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
    count(*) filter (where abs(discounts.value) >= 0.01) as lines
from few as amounts
inner join columns as before on amounts.title = before.title
inner join few as discounts
    on amounts.line = discounts.line and amounts.element = discounts.element
inner join columns as taken on discounts.title = taken.title
inner join named on taken.title = named.title and named.role = 'discount'
inner join few as rests on amounts.line = rests.line and amounts.element = rests.element
inner join columns as after on rests.title = after.title
left join proof on after.title in (proof.factor, proof.other_factor)
left join named as counts
    on after.title = counts.title and counts.role = 'quantity' and counts.is_whole
where
    before.title not in (taken.title, after.title)
    and after.title <> taken.title
    -- a quantity of 1 may be what is left of a price by chance; a price of one is not the line's
    and proof.amount is null
    and counts.role is null
group by
    before.title, taken.title, after.title, before.shown, taken.shown, after.shown, after.position
having
    count(*) filter (
        where abs(abs(amounts.value) - abs(discounts.value) - abs(rests.value)) < 0.015
    ) >= 0.9 * count(*)
    and count(*) filter (where abs(discounts.value) >= 0.01 and abs(rests.value) >= 0.01) > 0
qualify
    row_number() over (
        order by count(*) filter (where abs(discounts.value) >= 0.01) desc, after.position asc
    ) = 1;
