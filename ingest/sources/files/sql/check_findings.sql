-- sqlfluff:dialect:duckdb
-- what the model leaves out or may read in the wrong way, a sentence each
create table findings as
select
    1 as position,
    format(
        '{} is a list that has several entries in {} record(s), first in line {}. The model reads'
        || ' only the first entry: write the others ({}) into the model, or their amounts are'
        || ' missing.',
        leaves.column_name,
        count(distinct leaves.line) filter (where leaves.element > 0),
        min(leaves.line) filter (where leaves.element > 0),
        string_agg(distinct leaves.key, ', ' order by leaves.key)
    ) as sentence
from leaves
inner join lists on leaves.column_name = lists.column_name and not lists.is_lines
group by leaves.column_name
having max(leaves.element) > 0;

-- discounts and tips that no line has of its own
insert into findings
select
    2 as position,
    format(
        '{} looks like a {} of the whole ticket and is not mapped: write it as a line of its own,'
        || ' with line_kind = ''{}'' and an amount {} 0{}.',
        columns.shown, named.role, named.role,
        case named.role when 'tip' then 'above' else 'below' end,
        case
            when named.role = 'discount' and exists (select 1 from products)
                then ': as one more column of lines_of_columns, whose price is -1'
            else ''
        end
    ) as sentence
from columns
inner join named on columns.title = named.title and named.role in ('discount', 'tip')
left join roles on columns.title = roles.title and roles.role <> 'tip'
where columns.kind = 'number' and roles.role is null;

insert into findings
select
    2 as position,
    format(
        '{} is taken as line_amount, and not {}: on the {} lines that have {}, it is what is left'
        || ' after it.',
        nets.net_shown, nets.amount_shown, nets.lines, nets.discount_shown
    ) as sentence
from nets
inner join roles on roles.role = 'line_amount' and nets.net = roles.title;

insert into findings
select
    2 as position,
    format(
        '{} is taken as line_amount, which is after the discount, and {} is a discount: nothing'
        || ' shows whether {} is before or after it. If it is before, write it as unit_price{}.',
        amounts.shown, discounts.shown, amounts.shown,
        case
            when exists (select 1 from roles as others where others.role = 'quantity')
                then ', with the quantity ''1'' unless it is the price of one'
            else ''
        end
    ) as sentence
from roles as taken
inner join columns as discounts on taken.title = discounts.title
inner join roles as mapped on mapped.role = 'line_amount'
inner join columns as amounts on mapped.title = amounts.title
where
    taken.role = 'discount'
    and not exists (select 1 from roles as priced where priced.role = 'unit_price')
    and not exists (select 1 from nets where nets.net = mapped.title);

-- what is called by the same name as another column, whose values fit it better
insert into findings
select
    2 as position,
    format(
        '{} looks like the {}, too, and is not mapped: the model takes {}{}.',
        rivals.shown,
        case rivals.role when 'sold_on' then 'day' else replace(rivals.role, '_', ' ') end,
        columns.shown,
        case
            when rivals.is_constant
                then ', as ' || rivals.shown || ' is ' || rivals.example || ' on all lines'
            when columns.title in (proof.factor, proof.other_factor, proof.amount)
                then ', as quantity, price and amount fit'
            else ''
        end
    ) as sentence
from scored as rivals
inner join roles on rivals.role = roles.role and rivals.title <> roles.title
inner join columns on roles.title = columns.title
left join proof on true
left join roles as mapped on rivals.title = mapped.title
where
    mapped.role is null
    and rivals.is_named
    and not rivals.is_closing
    and rivals.is_of_line
    and rivals.of_list is null
    and rivals.role in (
        'ticket', 'sold_on', 'quantity', 'unit_price', 'line_amount', 'order_total', 'channel'
    )
    and not exists (
        select 1 from nets
        where rivals.title = nets.amount and roles.title = nets.net
    )
    and rivals.title not in (select products.title from products);

insert into findings
select
    2 as position,
    format(
        '{} has only {} different times: these look like closings, and not like sales{}.',
        closings.shown, closings.different,
        case
            when roles.role is null then ', so the model takes ' || columns.shown
            else
                '. If a column of another file has the time of the sale, join it in the model:'
                || ' docs/how-to/add-a-till.md says how'
        end
    ) as sentence
from (
    select distinct
        scored.title,
        all_columns.shown,
        all_columns.different
    from scored
    inner join columns as all_columns on scored.title = all_columns.title
    where scored.is_closing and scored.role = 'sold_on'
) as closings
inner join roles as days on days.role = 'sold_on'
inner join columns on days.title = columns.title
left join roles on closings.title = roles.title and roles.role = 'sold_on';

-- a tax that is no rate is an amount
insert into findings
select
    2 as position,
    format(
        '{} looks like amounts of tax ({} in line {}), not like a rate, and is not mapped: if it is'
        || ' the tax of the line, write {} as tax_amount; else write tax_rate, a number like 0.19.',
        columns.shown, columns.example, min(filled.line), columns.expression
    ) as sentence
from columns
inner join named on columns.title = named.title and named.role = 'tax_rate'
inner join filled on columns.title = filled.title and columns.example = filled.text
left join roles on columns.title = roles.title
where
    columns.kind = 'number'
    and roles.role is null
    -- nor is an amount without tax one
    and not regexp_matches(
        plain(columns.shown),
        '\b(pre|before|net|excl|ex|without|ohne|netto|hors|senza|sin|sem|zonder)\b'
    )
    and not exists (select 1 from products)
group by columns.shown, columns.example, columns.expression;

insert into findings
select
    2 as position,
    format(
        '{} is taken as the tax of the line{}.',
        columns.shown,
        case
            when taxed.is_on_top
                then
                    ', on top of ' || amounts.shown || ', as both are ' || taxed.other || ': write'
                    || ' false as prices_include_tax of the branch in seeds/branches.csv'
            when taxed.other is not null
                then
                    ', in ' || amounts.shown || ', of which ' || taxed.other || ' is the rest: write'
                    || ' true as prices_include_tax of the branch in seeds/branches.csv'
            else
                ': prices_include_tax of the branch in seeds/branches.csv must say whether it is in '
                || amounts.shown || ' (true) or on top (false)'
        end
    ) as sentence
from taxed
inner join columns on taxed.title = columns.title
inner join roles on roles.role = 'line_amount'
inner join columns as amounts on roles.title = amounts.title;

insert into findings
select
    2 as position,
    format(
        '{} is mapped as the customer''s number, and ''{}'' is on {} of {} lines: if that means an'
        || ' unknown customer, write nullif({}, ''{}'') as customer_id.',
        columns.shown, filled.text, filled.lines, columns.lines, columns.expression,
        replace(filled.text, '''', '''''')
    ) as sentence
from roles
inner join columns on roles.title = columns.title
inner join filled on columns.title = filled.title
where
    roles.role = 'customer_id'
    and filled.lines > 0.1 * columns.lines
    and columns.different > 20;

insert into findings
select
    2 as position,
    format(
        '{} is the only column of money, and taken as {}.',
        shown,
        case role
            when 'unit_price' then 'the price of one, as it is the same for any quantity of an article'
            else 'the amount of the line'
        end
    ) as sentence
from only_money;

insert into findings
select
    2 as position,
    format(
        '{} is taken as the number of the ticket: it is the same on the lines of one time, and'
        || ' another one at other times.',
        columns.shown
    ) as sentence
from told_by_time
inner join roles on told_by_time.title = roles.title and roles.role = 'ticket'
inner join columns on roles.title = columns.title;

insert into findings
select
    2 as position,
    format(
        '{} seems to say which lines are voided (it has {}): write is_void into the model, true for'
        || ' these, or they count as sold.',
        columns.shown, string_agg(distinct filled.text, ', ' order by filled.text)
    ) as sentence
from columns
inner join named on columns.title = named.title and named.role = 'void' and named.is_whole
inner join filled on columns.title = filled.title
left join roles on columns.title = roles.title
where roles.role is null and columns.different <= 5
group by columns.shown;

insert into findings
select
    2 as position,
    format(
        '{} may name a person: it is left out of what quarantine shows, and the entry lists it as'
        || ' personal. Take it out of personal if it does not.',
        string_agg(shown, ', ' order by shown)
    ) as sentence
from personal
having count(*) > 0;

insert into findings
select
    2 as position,
    format(
        '{} {} what was paid in each way, and {} not mapped: write payment_method by it, and what was'
        || ' paid in a second way as docs/how-to/add-a-till.md shows.',
        string_agg(shown, ', ' order by shown),
        case when count(*) = 1 then 'looks like' else 'look like' end,
        case when count(*) = 1 then 'is' else 'are' end
    ) as sentence
from tenders
having count(*) > 0 and not exists (select 1 from products);

insert into findings
select
    2 as position,
    format(
        '{} has units behind its numbers ({}): the model takes them off, so make sure that all are'
        || ' of the same kind, as 350 g is not 350 kg.',
        columns.shown, units.units
    ) as sentence
from units
inner join columns on units.title = columns.title;

-- a line has one way of paying
insert into findings
select
    2 as position,
    format(
        '{} looks like a way of paying, too, and is not mapped: write the ticket''s second payment'
        || ' into the model, or all is paid by {}.',
        columns.shown, mapped.shown
    ) as sentence
from columns
inner join named on columns.title = named.title and named.role = 'payment_method'
inner join scored
    on columns.title = scored.title and named.role = scored.role and scored.score > 0
inner join roles as others on others.role = 'payment_method'
inner join columns as mapped on others.title = mapped.title
left join roles on columns.title = roles.title
where columns.kind = 'text' and roles.role is null;

-- the ticket of each line, its business date and its time
create table told as
select
    cells.line,
    max(cells.value) filter (where roles.role = 'ticket') as ticket,
    coalesce(
        cast(
            max(tried.read) filter (where tried.kind = 'date')
            - case
                when
                    max(tried.read) filter (where tried.kind = 'time')
                    < (select max(seed.cutover_hour) from seed)
                    then 1
                else 0
            end as text
        ),
        max(cells.value) filter (where roles.role = 'sold_on')
    ) as day,
    max(cells.value) filter (where roles.role = 'sold_at') as clock,
    max(cells.value) filter (where roles.role = 'branch') as branch
from cells
inner join roles
    on cells.title = roles.title and roles.role in ('ticket', 'sold_on', 'sold_at', 'branch')
left join chosen
    on
        (roles.role = 'sold_on' and chosen.kind = 'date')
        or (roles.role = 'sold_at' and chosen.kind = 'time')
left join tried
    on
        cells.title = tried.title
        and cells.value = tried.text
        and chosen.kind = tried.kind
        and chosen.candidate = tried.candidate
where cells.element = 0
group by cells.line
having ticket <> '' and day <> '';

-- the columns that are called like a till, a register or a closing
create table candidates as
select distinct
    columns.title,
    columns.position
from columns
inner join named on columns.title = named.title and named.role in ('till', 'closing')
left join roles on columns.title = roles.title and roles.role <> 'till'
where roles.role is null;

-- of tills, registers and closings, the one that makes most tickets of one number
create table splits as
select
    title,
    position,
    count(*) filter (where tills > 1) as tickets
from (
    select
        columns.title,
        columns.position,
        count(distinct cells.value) as tills
    from told
    inner join cells on told.line = cells.line and cells.element = 0
    inner join candidates as columns on cells.title = columns.title
    where cells.value <> '' and told.line <= 20000
    group by columns.title, columns.position, told.ticket, told.day, told.branch
) as of_tickets
group by title, position
having count(*) filter (where tills > 1) > 0
order by tickets desc, position asc
limit 1;

delete from roles
where role = 'till' and exists (select 1 from splits);

insert into roles
select
    'till' as role,
    title
from splits;

-- the tickets of each day: their times and, where there are tills, the tills
create table tickets as
select
    told.ticket,
    told.day,
    min(told.line) as line,
    count(distinct told.clock) as clocks,
    count(distinct cells.value) as tills
from told
left join roles on roles.role = 'till'
left join cells on told.line = cells.line and roles.title = cells.title and cells.element = 0
group by told.ticket, told.day, told.branch;

-- a till's number that makes one ticket of many belongs to the ticket's key
create table keys as
select
    roles.role,
    columns.shown,
    columns.expression
from roles
inner join columns on roles.title = columns.title
where
    roles.role in ('ticket', 'till')
    and (
        select max(tills) > 1 and count(*) filter (where tills > 1) >= 0.02 * count(*)
        from tickets
    );

update mapped
set expression = tills.expression || ' || ''-'' || ' || mapped.expression
from keys as tills
where mapped.name = 'ticket' and tills.role = 'till';

insert into findings
select
    3 as position,
    format(
        '{} {} has several {} on one day, first in line {}, and so have {} of {} tickets: {}.',
        columns.shown,
        arg_min(tickets.ticket, tickets.line),
        case when tills.shown is null then 'times' else 'tills' end,
        min(tickets.line),
        count(*),
        (select count(counted.ticket) from tickets as counted),
        coalesce(
            'the model writes ' || tills.shown || ' before it, so that they are tickets of their'
            || ' own',
            'if they are several tickets, put ticket together with the column that tells them'
            || ' apart'
        )
    ) as sentence
from tickets
inner join roles on roles.role = 'ticket'
inner join columns on roles.title = columns.title
left join keys as tills on tills.role = 'till'
where tickets.tills > 1 or (tills.shown is null and tickets.clocks > 1)
group by columns.shown, tills.shown
having count(*) > 0;

-- the lines whose money is below 0, and what they are called
create table minus_lines as
select
    numbers.line,
    numbers.element,
    numbers.value < 0 as is_minus
from numbers
inner join roles on numbers.title = roles.title
where
    roles.role = case
        when exists (select 1 from roles as others where others.role = 'line_amount')
            then 'line_amount'
        else 'unit_price'
    end
    and not exists (select 1 from products);

insert into findings
select
    4 as position,
    format(
        '{} lines called ''{}'', first in line {}, {}. Unless the model says line_kind, they are'
        || ' {}.',
        count(*), articles.text, min(cells.line),
        case articles.role
            when 'tip' then 'look like tips'
            else 'have an amount below 0 and look like a way of paying'
        end,
        case articles.role
            when 'tip' then 'sales'
            else 'discounts, or returns where the quantity is below 0'
        end
    ) as sentence
from minus_lines
inner join cells on minus_lines.line = cells.line and minus_lines.element = cells.element
inner join (
    select
        filled.title,
        filled.text,
        words.role
    from filled
    inner join roles on filled.title = roles.title and roles.role = 'article'
    inner join words
        on
            (words.role = 'tip' or words.kinds = 'payment')
            and regexp_full_match(
                plain(filled.text),
                case
                    when words.role in ('tip', 'voucher') then '(.* )?(' || words.words || ')( .*)?'
                    else words.words
                end
            )
) as articles
    on
        cells.title = articles.title
        and cells.value = articles.text
        and (articles.role = 'tip' or minus_lines.is_minus)
group by articles.text, articles.role;

-- a column of few values, each of which has only lines below 0 or only others
insert into findings
select
    5 as position,
    format(
        '{} tells lines below 0 ({}) from the others ({}): write line_kind by it, or the former are'
        || ' discounts, or returns where the quantity is below 0.',
        shown,
        string_agg(case when below > 0 then value end, ', ' order by value),
        string_agg(case when below = 0 then value end, ', ' order by value)
    ) as sentence
from (
    select
        columns.shown,
        cells.value,
        count(*) filter (where minus_lines.is_minus) as below,
        count(*) as lines
    from minus_lines
    inner join cells on minus_lines.line = cells.line and minus_lines.element = cells.element
    inner join columns
        on
            cells.title = columns.title and columns.different between 2 and 12
            and 2 * columns.different <= columns.lines + 1
    left join roles on columns.title = roles.title
    where roles.role is null and cells.value <> ''
    group by columns.shown, cells.value
) as valued
group by shown
having
    count(*) filter (where below > 0) > 0
    and count(*) filter (where below = 0) > 0
    and bool_and(below = 0 or below = lines)
    and sum(below) = (select count(*) filter (where is_minus) from minus_lines);

insert into findings
select
    6 as position,
    format(
        '{} line(s) have no {}, first line {}: such lines wait in quarantine. If they are totals,'
        || ' write is_total into the model.',
        count(*), any_value(day.shown), min(lines.line)
    ) as sentence
from (
    select
        cells.line,
        bool_or(cells.title = days.title and cells.value <> '') as has_day,
        bool_or(cells.value <> '') as is_filled
    from cells
    inner join roles as days on days.role = 'sold_on'
    group by cells.line
) as lines
inner join roles on roles.role = 'sold_on'
inner join columns as day on roles.title = day.title
where lines.is_filled and not lines.has_day and lines.line not in (select line from totals)
having count(*) > 0;

insert into findings
select
    7 as position,
    format(
        '{} looks like the article''s own number: write it as article, and {} as product_name, if'
        || ' it is.',
        codes.shown, names.shown
    ) as sentence
from roles as numbered
inner join columns as codes on numbered.title = codes.title
inner join roles as named on numbered.role = 'article_code' and named.role = 'article'
inner join columns as names on named.title = names.title;

-- values that say that a line was not sold, or was given back: unless its sign says so, too
create table outcomes as
select
    columns.shown,
    columns.position,
    columns.expression,
    known.role,
    list(distinct known.text order by known.text) as texts,
    count(*) as lines,
    min(cells.line) as line
from cells
inner join columns on cells.title = columns.title and columns.different between 2 and 12
inner join known
    on
        cells.title = known.title
        and cells.value = known.text
        and known.role in ('not_sold', 'given_back')
left join roles on columns.title = roles.title
left join (
    select distinct
        numbers.line,
        numbers.element
    from numbers
    inner join roles as amounts
        on
            numbers.title = amounts.title
            and amounts.role in ('quantity', 'unit_price', 'line_amount')
    where numbers.value < 0
) as minus
    on
        known.role = 'given_back'
        and cells.line = minus.line
        and cells.element = minus.element
where roles.role is null and minus.line is null
group by columns.shown, columns.position, columns.expression, known.role;

insert into findings
select
    5 as position,
    format(
        '{} has {} on {} line(s){}, first in line {}: {}, or they count as sold.',
        shown,
        array_to_string(texts, ', '),
        lines,
        case role when 'given_back' then ' that are not below 0' else '' end,
        line,
        case role
            when 'given_back' then 'write line_kind = ''return'' into the model for these'
            else 'the model leaves them out by is_void'
        end
    ) as sentence
from outcomes;

-- of the lines of each kind, how many have what is mapped: a file may have a line for a sale, others
-- for what was sold, and others for how it was paid
create table kinds as
select
    counted.*,
    row_number() over (
        partition by title order by articles desc, quantities desc, amounts desc, lines desc
    ) = 1 as is_sold
from (
    select
        columns.title,
        columns.position,
        columns.shown,
        columns.expression,
        cells.value as text,
        count(distinct cells.line) as lines,
        count(distinct cells.line) filter (where mapped.role = 'article')
        / count(distinct cells.line) as articles,
        count(distinct cells.line) filter (where mapped.role = 'quantity')
        / count(distinct cells.line) as quantities,
        count(distinct cells.line) filter (where mapped.role in ('line_amount', 'unit_price'))
        / count(distinct cells.line) as amounts
    from columns
    inner join cells on columns.title = cells.title and cells.element = 0
    left join roles on columns.title = roles.title
    left join (
        select
            filled_cells.line,
            filled_roles.role
        from cells as filled_cells
        inner join roles as filled_roles on filled_cells.title = filled_roles.title
        where
            filled_roles.role in ('article', 'quantity', 'line_amount', 'unit_price')
            and filled_cells.value <> ''
            and filled_cells.line <= 20000
    ) as mapped on cells.line = mapped.line
    where
        roles.role is null
        and columns.kind = 'text'
        and columns.different between 2 and 8
        and cells.value <> ''
        and cells.line <= 20000
    group by
        columns.title, columns.position, columns.shown, columns.expression, cells.value
) as counted;

-- the column of which each value has all articles and amounts, or none, and one has all of both
create table sorts as
select
    kinds.shown,
    kinds.expression,
    list(kinds.text order by kinds.text) filter (where kinds.is_line) as sold,
    list(kinds.text order by kinds.text) filter (where not kinds.is_line) as others
from (
    select
        *,
        articles > 0.98 and amounts > 0.98 as is_line
    from kinds
) as kinds
where not exists (select 1 from products)
group by kinds.title, kinds.position, kinds.shown, kinds.expression
having
    bool_and(kinds.is_line or kinds.articles < 0.02 or kinds.amounts < 0.02)
    and bool_or(kinds.is_line)
    and not bool_and(kinds.is_line)
    and min(kinds.lines) filter (where not kinds.is_line) >= 2
order by count(*) asc, kinds.position asc
limit 1;

insert into findings
select
    5 as position,
    format(
        '{} says what a line is: only {} has an article and an amount, so the model leaves {} out by'
        || ' is_void. What only they have, like the way of paying or a tip, must be joined to the'
        || ' lines of the ticket.',
        shown, array_to_string(sold, ', '), array_to_string(others, ', ')
    ) as sentence
from sorts;

insert into mapped
select
    93 as position,
    'is_void' as name,
    string_agg(
        '{{ filled(''' || expression || ''') }} ' || test || ' ('''
        || array_to_string(list_transform(texts, text -> replace(text, '''', '''''')), ''', ''')
        || ''')',
        ' or ' order by position
    ) as expression
from (
    select
        0 as position,
        expression,
        'not in' as test,
        sold as texts
    from sorts
    union all
    select
        position,
        expression,
        'in' as test,
        texts
    from outcomes
    where role = 'not_sold'
) as left_out
where not exists (select 1 from products)
having count(*) > 0;

insert into findings
select
    5 as position,
    format(
        '{} is taken as the cost of one: nothing shows whether it is that of the line. If it is,'
        || ' leave unit_cost out.',
        columns.shown
    ) as sentence
from roles as costs
inner join columns on costs.title = columns.title
where
    costs.role = 'unit_cost'
    and exists (
        select 1
        from numbers
        inner join roles as counts on numbers.title = counts.title and counts.role = 'quantity'
        where abs(numbers.value) <> 1
    );

-- where the names of the files, or of their folders, differ in one word: that may be the branch
insert into findings
with

parts as (

    select
        name,
        case
            when contains(name, '/') then [split_part(name, '/', 1), '/*', regexp_extract(name, '[.][^./]+$')]
            else list_transform(
                regexp_extract_all(
                    regexp_replace(
                        name, '[0-9]{4}[-_.]?[0-9]{2}([-_.]?[0-9]{2})?', '0', 'g'
                    ),
                    '[^_ .]+|[_ .]'
                ),
                part -> case when regexp_full_match(part, '[0-9-]+') then '*' else part end
            )
        end as parts
    from files

),

places as (

    select
        unnest(parts) as part,
        generate_subscripts(parts, 1) as place
    from parts
    where len(parts) = (select mode(len(counted.parts)) from parts as counted)

),

varied as (

    select
        place,
        string_agg(distinct part, ', ' order by part) as words,
        bool_and(regexp_matches(part, '\pL')) as is_word,
        count(*) over () as places
    from places
    group by place
    having count(distinct part) > 1

),

template as (

    select
        string_agg(
            case when varied.place is null then places.part else '{{branch_id}}' end, ''
            order by places.place
        ) as pattern
    from (select place, min(part) as part from places group by place) as places
    left join varied on places.place = varied.place

)

select
    8 as position,
    format(
        'The names of the files or folders differ in {}: if these are branches, write files = "{}",'
        || ' and these names into branches.',
        varied.words, replace(replace(template.pattern, '{{', '{'), '}}', '}')
    ) as sentence
from varied
cross join template
where
    varied.places = 1
    and varied.is_word
    and not exists (select 1 from roles where role = 'branch')
