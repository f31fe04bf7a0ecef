-- sqlfluff:dialect:duckdb
-- what is nested in JSON lines cannot be the branch_column
delete from roles
where role = 'branch' and title in (select title from columns where expression <> 'landed.' || title);

-- nor can the number of a customer, by which people are forgotten; without it nobody is known
delete from roles
where role = 'customer_id' and title in (select title from columns where expression <> 'landed.' || title);

delete from roles
where
    role in ('customer_name', 'customer_email', 'customer_phone')
    and not exists (select 1 from roles as others where others.role = 'customer_id');

-- days whose months have names that no dialect reads
create table months as
select
    columns.title,
    columns.shown,
    columns.example
from columns
inner join filled on columns.title = filled.title
where
    columns.kind = 'text'
    and not exists (select 1 from roles where role = 'sold_on')
group by columns.title, columns.shown, columns.example, columns.position
having
    sum(filled.lines) filter (
        where regexp_matches(filled.plain, '[0-9]{1,2}[-. /]+\pL{3,9}[-., /]+[0-9]{2}')
        or regexp_matches(filled.plain, '\pL{3,9}[-. /]+[0-9]{1,2}[-., /]+[0-9]{2}')
    ) >= 0.9 * sum(filled.lines)
order by columns.position
limit 1;

insert into roles
select
    unnest(array['sold_on', 'sold_at']) as role,
    title
from months
where
    example like '%:%'
    and not exists (select 1 from roles as others where others.role = 'sold_at')
union all
select
    'sold_on' as role,
    title
from months
where
    example not like '%:%'
    or exists (select 1 from roles as others where others.role = 'sold_at');

-- whole numbers that ascend from line to line, or descend, in small steps: those of receipts
create table counters as
select
    title,
    count(distinct value) = count(*) as is_of_each_line
from (
    select
        title,
        value,
        value - lag(value) over (partition by title order by line asc, element asc) as step
    from numbers
) as steps
group by title
having
    bool_and(value = floor(value) and value > 0)
    and count(*) >= 5
    and max(value) - min(value) between 0.3 * count(*) and 5 * count(*)
    and greatest(
        count(*) filter (where step >= 0), count(*) filter (where step <= 0)
    ) >= 0.95 * (count(*) - 1)
    and count(*) filter (where step = 0) < 0.9 * count(*);

-- what may name a person
create table personal as
select
    columns.title,
    columns.shown,
    regexp_extract(titles.expression, 'landed[.]([a-z0-9_]+)', 1) as landed
from columns
inner join titles on columns.title = titles.title
inner join named on columns.title = named.title and named.role = 'person'
left join roles on columns.title = roles.title
where
    columns.kind in ('text', 'number')
    and columns.different > 0
    and (roles.role is null or starts_with(roles.role, 'customer_'))
    and coalesce(roles.role <> 'customer_id', true);

-- a column for each way of paying, with what was paid by it
create table tenders as
select
    columns.title,
    columns.shown
from columns
inner join words
    on
        words.kinds = 'payment'
        and regexp_full_match(
            plain(case
                when columns.expression like '{{ landed_json%'
                    then regexp_extract(columns.shown, '[^.]+$')
                else columns.shown
            end),
            words.words
        )
left join roles on columns.title = roles.title
where
    columns.kind = 'number'
    and roles.role is null
    and not exists (select 1 from roles as others where others.role = 'payment_method');

-- a wide file: a column for each product, which no other role fits
create table products as
select
    columns.position,
    columns.title,
    columns.shown,
    columns.expression,
    cast(null as double) as price
from columns
left join roles on columns.title = roles.title
where
    columns.kind = 'number'
    and roles.role is null
    and columns.title not in (select title from counters)
    and columns.title not in (select title from tenders)
    and columns.title not in (select title from personal)
    and not exists (
        select 1 from roles as others
        where others.role in ('quantity', 'unit_price')
    )
    -- nor is what is called a discount, a tip, a total or a voided line
    and not exists (
        select 1 from named as others
        where
            others.title = columns.title
            and others.is_whole
            and others.role in ('discount', 'tip', 'order_total', 'void', 'no_product')
    )
    -- nor a number of twelve digits
    and not exists (
        select 1 from numbers as ids
        where columns.title = ids.title and abs(ids.value) >= 1e10
    )
    -- of which tax the prices have: 7% is no product
    and not exists (
        select 1 from named as taxes
        where taxes.title = columns.title and taxes.role = 'tax_rate'
    )
    -- a column that is called article, with words, says that the file is narrow
    and not exists (
        select 1
        from roles as others
        inner join columns as texts on others.title = texts.title and texts.kind = 'text'
        inner join named as called on others.title = called.title and others.role = called.role
        where others.role = 'article' and called.is_whole
    )
qualify count(*) over () > 2;

-- whether each line has a number of a ticket of its own; tills may have the same numbers
create table singles as
select count(*) = count(distinct number) as is_single
from (
    select
        cells.line,
        string_agg(cells.value, ' ' order by cells.title) as number
    from cells
    where
        cells.line <= 20000
        and cells.title in (
            select roles.title from roles
            where roles.role = 'ticket'
            union all
            select named.title from named
            where named.role in ('till', 'closing')
        )
    group by cells.line
) as numbered;

-- a file of orders without their lines: each has a number and an amount of its own, and nothing is
-- called an article, or a quantity
create table orders as
select
    tickets.shown as ticket,
    amounts.title,
    amounts.shown
from roles
inner join columns as tickets on roles.title = tickets.title
inner join roles as totals on totals.role in ('order_total', 'line_amount')
inner join columns as amounts on totals.title = amounts.title
where
    roles.role = 'ticket'
    and tickets.lines >= 5
    and exists (select 1 from singles where singles.is_single)
    and not exists (select 1 from products)
    and not exists (select 1 from lists where is_lines)
    and not exists (select 1 from roles as others where others.role in ('quantity', 'unit_price'))
    and not exists (
        select 1
        from scored
        inner join roles as others on scored.role = others.role and scored.title = others.title
        where others.role = 'article' and scored.score > 3
    )
order by totals.role desc
limit 1;

delete from roles
where
    exists (select 1 from orders)
    and (
        role in ('article', 'article_code', 'category', 'discount')
        or (role in ('order_total', 'line_amount') and title not in (select title from orders))
    );

update roles
set role = 'line_amount'
where role = 'order_total' and exists (select 1 from orders);

-- what all lines of one time have in common, and those of other times have not: of a ticket
create table told_by_time as
select columns.title
from (
    select
        cells.title,
        cells.value,
        count(*) as lines,
        count(distinct moments.moment) as moments
    from cells
    inner join (
        select
            told.line,
            string_agg(told.value, ' ' order by clocks.role desc) as moment
        from cells as told
        inner join roles as clocks
            on told.title = clocks.title and clocks.role in ('sold_on', 'sold_at')
        where told.line <= 20000 and told.element = 0
        group by told.line
    ) as moments on cells.line = moments.line
    where
        cells.value <> ''
        and cells.element = 0
        and exists (select 1 from roles where roles.role = 'sold_at')
        and not exists (select 1 from roles where roles.role = 'ticket')
    group by cells.title, cells.value
) as valued
inner join columns on valued.title = columns.title
left join roles on columns.title = roles.title
where
    roles.role is null
    and columns.kind in ('text', 'number')
    and columns.lines >= 0.95 * (select max(others.lines) from columns as others)
    and columns.title not in (select title from personal)
    and not exists (select 1 from products)
group by columns.title, columns.position
having
    count(*) >= 5
    and sum(valued.lines) >= 1.2 * count(*)
    and count(*) filter (where valued.moments = 1) >= 0.98 * count(*)
    -- nor is it of several times, as an amount that is rare, or of several tickets, as a word
    and count(*) >= 0.9 * (
        select count(distinct counted.value)
        from cells as counted
        inner join roles as times on counted.title = times.title and times.role = 'sold_at'
        where counted.line <= 20000
    )
    and not bool_or(columns.kind = 'number' and regexp_matches(valued.value, '[.,][0-9]{1,2}\D*$'))
order by count(*) desc, columns.position asc
limit 1;

insert into roles
select
    'ticket' as role,
    title
from told_by_time;

-- in a wide file, where each line is a receipt, and in one where several lines have the same number
insert into roles
select
    'ticket' as role,
    counters.title
from counters
inner join columns on counters.title = columns.title
left join roles on counters.title = roles.title
where
    roles.role is null
    and not exists (select 1 from roles as others where others.role = 'ticket')
    and counters.is_of_each_line = exists (select 1 from products)
order by columns.position
limit 1;

-- a ticket's discount would count once for each product
delete from roles
where role in ('article', 'discount') and exists (select 1 from products);

update roles
set role = 'order_total'
where
    role = 'line_amount'
    and exists (select 1 from products)
    and not exists (select 1 from roles where role = 'order_total');

-- nor is an amount of the ticket that of each product
delete from roles
where role = 'line_amount' and exists (select 1 from products);

-- a file's only column of money is the unit price, if an article keeps it at every quantity;
-- otherwise it is the line's amount
create table only_money as
with

money as (

    select
        columns.title,
        columns.shown,
        count(*) over () as columns
    from columns
    inner join filled on columns.title = filled.title
    left join roles on columns.title = roles.title
    left join named
        on
            columns.title = named.title
            and named.role in ('discount', 'tip', 'tax_rate', 'unit_cost', 'till', 'closing')
    where
        columns.kind = 'number'
        and roles.role is null
        and named.role is null
        and columns.title not in (select title from counters)
        and columns.title not in (select title from tenders)
        and columns.title not in (select title from personal)
        and not exists (select 1 from products)
        and not exists (select 1 from orders)
        and not exists (
            select 1 from roles as others
            where others.role in ('unit_price', 'line_amount', 'order_total')
        )
    group by columns.title, columns.shown
    having
        sum(filled.lines) filter (
            where
            regexp_matches(filled.plain, '[0-9][.,][0-9]{2}\D*$')
            or regexp_full_match(filled.plain, sign_before())
            or regexp_full_match(filled.plain, sign_behind())
        ) >= 0.9 * sum(filled.lines)

),

articles as (

    select
        money.title,
        money.shown,
        cells.value as article,
        count(distinct prices.value) as prices,
        count(distinct counts.value) as quantities
    from money
    inner join numbers as prices on money.title = prices.title
    inner join roles as sold on sold.role = 'article'
    inner join cells
        on
            sold.title = cells.title
            and prices.line = cells.line
            and prices.element = cells.element
    left join roles as counted on counted.role = 'quantity'
    left join numbers as counts
        on
            counted.title = counts.title
            and prices.line = counts.line
            and prices.element = counts.element
    where money.columns = 1
    group by money.title, money.shown, cells.value

)

select
    title,
    shown,
    case
        when
            count(*) filter (where quantities > 1 and prices = 1)
            > 0.5 * count(*) filter (where quantities > 1)
            then 'unit_price'
        else 'line_amount'
    end as role
from articles
group by title, shown;

insert into roles
select
    role,
    title
from only_money;

-- what differs between the lines of a ticket is no total of it
update roles
set role = 'line_amount'
where
    role = 'order_total'
    and not exists (select 1 from products)
    and (
        select count(*) filter (where several.totals > 1) > 0.1 * count(*)
        from (
            select count(distinct totals.value) as totals
            from cells
            inner join roles as tickets on tickets.role = 'ticket' and cells.title = tickets.title
            inner join roles as totalled on totalled.role = 'order_total'
            inner join numbers as totals
                on totalled.title = totals.title and cells.line = totals.line
            where cells.line <= 20000
            group by cells.value
            having count(*) > 1
        ) as several
    );

-- an amount that lines lack which have a price is of the ticket
update roles
set role = 'order_total'
where
    role = 'line_amount'
    and not exists (select 1 from roles as others where others.role = 'order_total')
    and exists (select 1 from roles as others where others.role = 'quantity')
    and exists (
        select 1
        from roles as others
        inner join columns as prices on others.title = prices.title
        inner join columns as amounts on roles.title = amounts.title
        where others.role = 'unit_price' and amounts.lines < 0.9 * prices.lines
    );

delete from roles
where
    role = 'line_amount'
    and title in (
        select others.title from roles as others
        where others.role = 'line_amount'
        order by others.title
        offset 1
    );

-- without a quantity the price is that of the line
update roles
set role = 'line_amount'
where
    role = 'unit_price'
    and not exists (select 1 from roles where role in ('quantity', 'line_amount'));

-- the price of a product, by the orders that have no other
update products
set price = priced.price
from (
    select
        title,
        mode(total / value) as price
    from (
        select
            sold.title,
            sold.value,
            totals.value as total,
            count(*) over (partition by sold.line) as products
        from numbers as sold
        inner join products on sold.title = products.title
        inner join roles on roles.role = 'order_total'
        inner join numbers as totals on sold.line = totals.line and roles.title = totals.title
        where sold.value <> 0
    ) as of_orders
    where products = 1 and total <> 0
    group by title
) as priced
where products.title = priced.title;

-- products whose cells add up to the total are amounts
create table pivots as
select columns.expression
from (
    select
        cells.line,
        sum(cells.value) as value,
        count(*) filter (where cells.value <> 0) as filled
    from numbers as cells
    inner join products on cells.title = products.title
    group by cells.line
) as sums
inner join roles on roles.role = 'order_total'
inner join columns on roles.title = columns.title
inner join numbers as totals on sums.line = totals.line and roles.title = totals.title
group by columns.expression
having
    count(*) filter (where sums.filled > 1) > 0
    and count(*) filter (where abs(sums.value - totals.value) < 0.015) >= 0.7 * count(*);

-- lines of totals: their first value says so
create table totals as
with

firsts as (

    select
        cells.line,
        columns.expression,
        cells.value as text
    from cells
    inner join columns on cells.title = columns.title and columns.position = 1

),

said as (

    select called.text
    from (select distinct text from firsts) as called
    inner join words on words.role = 'total'
    where regexp_full_match(plain(called.text), words.words)

)

select firsts.*
from firsts
inner join said on firsts.text = said.text;

-- how they begin: what has a number in it, like a day, has another one in the next file
create table beginnings as
select
    begun.expression,
    begun.text,
    begun.is_whole,
    count(*) as lines,
    count(distinct outlets.value) as outlets,
    max(begun.line) as line,
    regexp_matches(
        plain(begun.text), '^(sub|zwischen|sous|parcial|mezi|delsum|valisum|소계|小計|小计)'
    ) as is_part
from (
    select
        expression,
        line,
        coalesce(nullif(rtrim(regexp_extract(text, '^[^0-9]+')), ''), text) as text,
        not regexp_matches(text, '[0-9]') as is_whole
    from totals
) as begun
left join roles on roles.role = 'branch'
left join cells as outlets
    on begun.line = outlets.line and roles.title = outlets.title and outlets.value <> ''
group by begun.expression, begun.text, begun.is_whole;

-- the last one is that of the file, if it is the only one of its kind, or of its branch; others are
-- parts. A part as which the file's own begins stays, as not_records would leave out both: the last
-- one counts
create table ends as
select
    '{{ filled(''' || whole.expression || ''') }} '
    || case
        when whole.is_whole
            then 'in (' || string_agg('''' || replace(named.text, '''', '''''') || '''', ', ') || ')'
        else 'like ''' || replace(whole.text, '''', '''''') || '%'''
    end as expression,
    list(named.text) as texts
from beginnings as whole
inner join beginnings as named on starts_with(whole.text, named.text)
where
    whole.line = (select max(beginnings.line) from beginnings)
    and whole.lines = greatest(whole.outlets, 1)
    and not whole.is_part
group by whole.expression, whole.text, whole.is_whole;

insert into not_records
select distinct beginnings.text
from beginnings
left join ends on true
where
    not coalesce(list_contains(ends.texts, beginnings.text), false)
    and beginnings.text not in (select not_records.beginning from not_records);

-- what the model calls otherwise than the file: ways of paying, channels, rates of tax
create table codes as
select
    roles.role,
    lower(filled.text) as word,
    max(words.role) as ours
from filled
inner join roles on filled.title = roles.title
inner join (values ('payment_method', 'payment'), ('channel', 'channel')) as coded (role, kinds)
    on roles.role = coded.role
left join known as words
    on
        coded.kinds = words.kinds
        and filled.title = words.title
        and filled.text = words.text
group by roles.role, lower(filled.text)
qualify
    row_number() over (
        partition by roles.role order by max(words.role) asc, lower(filled.text) asc
    ) <= 20
union all
select
    'tax_rate' as role,
    word,
    cast(
        round(rate / case when rate >= 1 or word like '%\%' escape '\' then 100 else 1 end, 6)
        as text
    ) as ours
from (
    select
        lower(filled.text) as word,
        try_cast(
            replace(regexp_extract(filled.text, '[0-9]+([.,][0-9]+)?'), ',', '.') as double
        ) as rate,
        bool_and(
            regexp_full_match(filled.text, '[0-9]{1,2}([.,][0-9]+)? ?%')
            or regexp_full_match(filled.text, '[0-9]{1,2}([.,][0-9]+)?')
            and (
                filled.is_nothing
                or regexp_matches(lower(columns.shown), '%|pct|proc|rate|satz|taux|sats|sazba|aliquota')
                -- few whole numbers on many lines, like 6 and 21: amounts differ more
                or columns.different <= 4
                and columns.lines >= 10 * columns.different
                and regexp_full_match(filled.text, '[0-9]|1[0-9]|2[0-7]')
            )
        ) over () and count(*) over () <= 20 as is_rate
    from filled
    inner join roles on filled.title = roles.title and roles.role = 'tax_rate'
    inner join columns on roles.title = columns.title
) as rates
where is_rate
order by role asc, ours asc, word asc;

-- a column of tax that holds no rates holds amounts: of the line, where it is less than the line's own
-- and differs between the lines of a ticket. A third column may show whether it is on top
create table taxed as
with

amounts as (

    select
        taxes.title,
        charged.title as amount,
        charged.line,
        charged.element,
        taxes.value as tax,
        charged.value,
        tickets.value as ticket
    from roles
    inner join few as taxes on roles.title = taxes.title
    inner join roles as mapped on mapped.role = 'line_amount'
    inner join few as charged
        on
            mapped.title = charged.title
            and taxes.line = charged.line
            and taxes.element = charged.element
    inner join roles as numbered on numbered.role = 'ticket'
    inner join cells as tickets on numbered.title = tickets.title and taxes.line = tickets.line
    where
        roles.role = 'tax_rate'
        and not exists (select 1 from codes where codes.role = 'tax_rate')
        and not exists (select 1 from products)

),

of_lines as (

    select title
    from (
        select
            title,
            ticket,
            count(*) filter (where abs(tax) > abs(value)) as larger,
            count(*) as lines,
            count(distinct value) > 1 as is_mixed,
            count(distinct tax) > 1 as is_taxed
        from amounts
        group by title, ticket
    ) as of_tickets
    group by title
    having
        sum(larger) <= 0.02 * sum(lines)
        and count(*) filter (where is_mixed and is_taxed) > 0.5 * count(*) filter (where is_mixed)

),

sums as (

    select
        columns.shown,
        columns.position,
        count(*) filter (where abs(amounts.value + amounts.tax - others.value) < 0.015) as on_top,
        count(*) filter (where abs(amounts.value - amounts.tax - others.value) < 0.015) as within,
        count(*) as lines
    from amounts
    inner join few as others
        on
            amounts.line = others.line
            and amounts.element = others.element
            and others.title not in (amounts.title, amounts.amount)
    inner join columns on others.title = columns.title
    where amounts.tax <> 0
    group by columns.shown, columns.position
    having greatest(on_top, within) >= 0.95 * count(*)

)

select
    of_lines.title,
    sums.shown as other,
    sums.on_top > sums.within as is_on_top
from of_lines
left join sums on true
order by sums.lines desc nulls last, sums.position asc
limit 1;

delete from roles
where
    role = 'tax_rate'
    and title in (select title from columns where kind = 'number')
    and not exists (select 1 from codes where codes.role = 'tax_rate');

insert into roles
select
    'tax_amount' as role,
    title
from taxed;

-- a branch gets one word, and a word one branch; of all others a person decides
create table outlets as
select
    word,
    case when row_number() over (partition by branch_id order by line asc, word asc) = 1 then branch_id end
        as branch_id
from (
    select
        filled.text as word,
        min(filled.line) as line,
        case when count(distinct branches.branch_id) = 1 then min(branches.branch_id) end as branch_id
    from filled
    inner join roles on filled.title = roles.title and roles.role = 'branch'
    left join branches on plain(filled.text) = plain(branches.called)
    group by filled.text
) as words
order by line;

-- the values of a column that are not written as its others are
create table unread as
select
    columns.shown,
    parts.kind,
    count(*) as values,
    min(filled.line) as line,
    arg_min(filled.text, filled.line) as text
from columns
inner join (select distinct title from roles where role <> 'ticket') as used
    on columns.title = used.title
inner join (values ('date'), ('time'), ('number')) as parts (kind)
    on columns.kind = parts.kind or (columns.kind = 'moment' and parts.kind <> 'number')
inner join filled on columns.title = filled.title and not filled.is_nothing
left join chosen on parts.kind = chosen.kind
left join tried
    on
        filled.title = tried.title
        and filled.text = tried.text
        and parts.kind = tried.kind
        and tried.candidate
        = case when parts.kind = 'number' then columns.number else chosen.candidate end
where
    tried.title is null
    and filled.line not in (select line from totals)
group by columns.shown, parts.kind;

create table options as
select
    'decimal_separator' as option,
    decimal_separator as value
from chosen
where kind = 'number'
union all
select
    'thousands_separator' as option,
    thousands_separator as value
from chosen
where kind = 'number'
union all
select
    'quantity_decimal_separator' as option,
    quantities.decimal_separator as value
from roles
inner join columns on roles.title = columns.title
inner join dialects as quantities
    on quantities.kind = 'number' and columns.number = quantities.candidate
inner join chosen
    on chosen.kind = 'number' and quantities.decimal_separator <> chosen.decimal_separator
where roles.role = 'quantity'
union all
select
    'currency_sign' as option,
    currency_sign as value
from signs
union all
select
    kind || '_format' as option,
    candidate as value
from chosen
where kind <> 'number'
union all
select
    'negative_quantity' as option,
    'refund' as value
from roles
where
    role = 'quantity'
    and exists (select 1 from numbers where numbers.title = roles.title and numbers.value < 0)
union all
select
    'branch_column' as option,
    title as value
from roles
where role = 'branch';

-- the columns of the model
create table mapped as
select
    words.position,
    roles.role as name,
    columns.expression
from roles
inner join columns on roles.title = columns.title
inner join words on roles.role = words.role
where
    roles.role not in ('branch', 'till', 'tip', 'article_code')
    and (roles.role <> 'tax_rate' or exists (select 1 from codes where codes.role = 'tax_rate'))
union all
select
    14 as position,
    'tax_amount' as name,
    columns.expression
from taxed
inner join columns on taxed.title = columns.title
union all
select
    4 as position,
    unnest(array['article', 'unit_price', 'line_part']) as name,
    'landed.' || name as expression
where exists (select 1 from products) and not exists (select 1 from pivots)
union all
-- a line of totals becomes as many lines as it has products: the first has the total, and no cell
select
    4 as position,
    'quantity' as name,
    coalesce(
        'case when ' || (select ends.expression from ends) || ' then null'
        || ' else landed.quantity end',
        'landed.quantity'
    ) as expression
where exists (select 1 from products) and not exists (select 1 from pivots)
union all
select
    8 as position,
    'line_amount' as name,
    'case when ' || ends.expression || ' and landed.is_first_part then ' || columns.expression
    || ' end' as expression
from ends
inner join roles on roles.role = 'order_total'
inner join columns on roles.title = columns.title
where exists (select 1 from products) and not exists (select 1 from pivots)
union all
select
    4 as position,
    unnest(array['article', 'line_part']) as name,
    'landed.' || name as expression
from pivots
union all
select
    8 as position,
    'line_amount' as name,
    coalesce(
        'case when ' || ends.expression || ' then case when landed.is_first_part then '
        || pivots.expression || ' end else landed.quantity end',
        'landed.quantity'
    ) as expression
from pivots
left join ends on true
union all
select
    3 as position,
    'sold_at' as name,
    '''12:00''' as expression
where
    exists (select 1 from roles where role = 'ticket')
    and not exists (select 1 from roles where role = 'sold_at')
union all
select
    90 as position,
    'order_grain' as name,
    case
        when exists (select 1 from roles where role = 'sold_at') then '''line''' else '''day'''
    end as expression
where not exists (select 1 from roles where role = 'ticket')
union all
select
    4 as position,
    unnest(array['article', 'quantity']) as name,
    unnest(array['''Order''', '''1''']) as expression
from orders
union all
select
    91 as position,
    'line_part' as name,
    'cast(line.position as integer)' as expression
where exists (select 1 from lists where is_lines)
union all
select
    92 as position,
    'is_total' as name,
    expression
from ends
