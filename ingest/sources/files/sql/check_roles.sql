-- sqlfluff:dialect:duckdb
-- how much each column looks like each role: by its title, its values, and what the lines prove
create table scored as
with

-- columns of ways of paying, and of channels, by their values
coded as (

    select
        known.title,
        coded.role,
        sum(known.lines) as lines
    from known
    inner join (values ('payment_method', 'payment'), ('channel', 'channel')) as coded (role, kinds)
        on known.kinds = coded.kinds
    group by known.title, coded.role

),

-- times that far more tickets have than there are: of closings, and not of sales
closings as (

    select columns.title
    from columns
    inner join readings on columns.title = readings.title and readings.kind = 'time'
    inner join chosen on readings.kind = chosen.kind and readings.candidate = chosen.candidate
    where
        columns.kind = 'moment'
        and readings.total <> 0
        and columns.different < 0.1 * (
            select max(tickets.different)
            from columns as tickets
            inner join named
                on tickets.title = named.title and named.role = 'ticket' and named.is_whole
            having max(tickets.different) >= 20
        )

),

located as (

    select
        filled.title,
        bool_and(branches.called is not null) as is_branch
    from filled
    left join branches on plain(filled.text) = plain(branches.called)
    group by filled.title

),

-- what is called a tip or a discount is nothing else, unless an amount is told by it
apart as (

    select
        columns.title,
        named.role
    from columns
    inner join named on columns.title = named.title
    where
        named.role in ('tip', 'discount')
        and not regexp_matches(
            plain(columns.shown), '\b(after|before|net|incl|excl|without|nach|vor|ohne|inkl|apres|avant)'
        )

),

scored as (

    select
        words.role,
        words.position,
        columns.title,
        columns.shown,
        columns.different = 1 as is_constant,
        columns.example,
        closings.title is not null as is_closing,
        coalesce(named.is_whole, false) as is_named,
        nullif(regexp_extract(columns.expression, '[(]''(.+)_list[.]element''', 1), '') as of_list,
        position('(''line.element''' in columns.expression) > 0
        or not exists (select 1 from lists where is_lines) as is_of_line,
        case
            when named.is_whole then 10
            when named.title is not null then 6
            else 0
        end
        + case
            -- a time that some lines lack is of something else, like a cancellation
            when words.role in ('sold_on', 'sold_at')
                then case
                    when columns.lines >= 0.9 * (select max(others.lines) from columns as others)
                        then 2
                    else -2
                end
            -- a value like #1001 is the number of an order, also in a column with another name
            when words.role in ('ticket', 'article') and regexp_full_match(columns.example, '#[0-9]+')
                then case words.role when 'ticket' then 15 else -20 end
            when words.role = 'article' and columns.kind = 'text'
                then 1 + least(columns.different, 1000) / 1001.0
            when coded.lines >= 0.5 * columns.lines then 12
            when words.role = 'tax_rate' and columns.example like '%\%' escape '\' then 5
            when
                words.role = 'tax_rate'
                and regexp_matches(lower(columns.shown), '%|pct|proc|rate|satz|taux|sats|sazba')
                then 5
            when words.role = 'branch' and located.is_branch then 5
            when
                words.role in ('quantity', 'unit_price')
                and columns.title in (proof.factor, proof.other_factor) then 20
            when words.role = 'line_amount' and columns.title = nets.net then 60
            when words.role = 'discount' and columns.title = nets.discount then 20
            when words.role = 'line_amount' and columns.title = proof.amount then 40
            else 0
        end
        -- what is the same on all lines, or a time of closings, is it only where nothing else is
        - case
            when
                words.role not in ('sold_on', 'branch', 'tip', 'till')
                and columns.different = 1
                and columns.lines >= 5
                and coalesce(coded.lines, 0) < 0.5 * columns.lines
                then 9.5
            when words.role = 'till' and columns.different = 1 then 5
            when closings.title is not null and words.role in ('sold_on', 'sold_at') then 11
            -- a cashier may have an address, too; an address is no number
            when
                starts_with(words.role, 'customer_')
                and (
                    not coalesce(named.is_whole, false)
                    or (words.role = 'customer_id' and columns.example like '%@%')
                )
                then 11
            -- ids of payments are no ways of paying, of which there are few
            when
                words.role in ('payment_method', 'channel')
                and (
                    columns.different > greatest(30, 0.05 * columns.lines)
                    or (
                        coded.lines is null
                        and regexp_full_match(
                            plain(columns.shown),
                            '.* (ids?|no|nr|num|number|nummer|numero|ref|reference|token|uuid)'
                        )
                    )
                )
                then 11
            when
                words.role in ('payment_method', 'channel', 'category', 'tax_rate')
                and columns.kind = 'text'
                and columns.different > greatest(20, 0.3 * columns.lines)
                then 11
            else 0
        end as score
    from columns
    inner join words on position(columns.kind in words.kinds) > 0
    left join named on columns.title = named.title and words.role = named.role
    left join coded on columns.title = coded.title and words.role = coded.role
    left join closings on columns.title = closings.title
    left join located on columns.title = located.title
    left join proof on true
    left join nets on true
    left join apart on columns.title = apart.title and words.role <> apart.role
    where
        apart.title is null
        -- the amount of a line before its discount is no price of one
        and (
            words.role <> 'unit_price'
            or nets.amount is distinct from columns.title
            or columns.title in (proof.factor, proof.other_factor)
        )

)

select
    * exclude (score),
    case when is_closing and role in ('sold_on', 'sold_at') then greatest(score, 0.5) else score end
        as score
from scored;

select
    role,
    title
from scored
where
    score > 0
    -- of a list that is not the lines, the model reads the first element: no amount is whole there
    and (of_list is null or role = 'payment_method')
    -- what a record has once is not of each of its lines
    and (is_of_line or role not in ('quantity', 'unit_price', 'line_amount', 'discount'))
order by score desc, position asc, title asc
