-- sqlfluff:dialect:duckdb
-- how much each column looks like each role: by its title, its values, and what the lines prove
with

paid as (

    select
        filled.title,
        sum(filled.lines) filter (where words.role is not null) as lines
    from filled
    left join words on words.kinds = 'payment' and regexp_full_match(plain(filled.text), words.words)
    group by filled.title

),

located as (

    select
        filled.title,
        bool_and(branches.called is not null) as is_branch
    from filled
    left join branches on plain(filled.text) = plain(branches.called)
    group by filled.title

),

scored as (

    select
        words.role,
        words.position,
        columns.title,
        nullif(regexp_extract(columns.expression, '[(]''(.+)_list[.]element''', 1), '') as of_list,
        position('(''line.element''' in columns.expression) > 0
        or not exists (select 1 from lists where is_lines) as is_of_line,
        case
            when regexp_full_match(plain(columns.shown), words.words) then 10
            when
                regexp_full_match(plain(columns.shown), '(.* )?(' || words.words || ')( .*)?')
                then 6
            else 0
        end
        + case
            when words.role in ('sold_on', 'sold_at') then 2
            when words.role = 'article' and columns.kind = 'text'
                then 1 + least(columns.different, 1000) / 1001.0
            when words.role = 'payment_method' and paid.lines >= 0.5 * columns.lines then 12
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
        end as score
    from columns
    inner join words on position(columns.kind in words.kinds) > 0
    left join paid on columns.title = paid.title
    left join located on columns.title = located.title
    left join proof on true
    left join nets on true

)

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
