-- how much each column looks like each role: by its title, its values, and what the lines prove
with

plain as (

    select
        *,
        trim(regexp_replace(lower(strip_accents(replace(shown, 'ß', 'ss'))), '[ _./:()-]+', ' ', 'g'))
            as plain
    from columns

),

paid as (

    select
        filled.title,
        sum(filled.lines) filter (where ways.role is not null) as lines
    from filled
    left join words as ways
        on ways.kinds = 'payment'
            and regexp_full_match(lower(strip_accents(filled.text)), ways.words)
    group by filled.title

),

located as (

    select
        title,
        bool_and(lower(text) in (select unnest({branches}))) as is_branch
    from filled
    group by title

),

scored as (

    select
        words.role,
        words.position,
        plain.title,
        case
            when regexp_full_match(plain.plain, words.words) then 10
            when regexp_full_match(plain.plain, '(.* )?(' || words.words || ')( .*)?') then 6
            else 0
        end
        + case
            when words.role = 'sold_on' and plain.kind in ('date', 'moment') then 2
            when words.role = 'sold_at' and plain.kind in ('time', 'moment') then 2
            when words.role = 'article' and plain.kind = 'text'
                then 1 + least(plain.different, 1000) / 1001.0
            when words.role = 'payment_method' and paid.lines >= 0.5 * plain.lines then 12
            when words.role = 'branch' and located.is_branch then 12
            when
                words.role in ('quantity', 'unit_price')
                and plain.title in ({factor}, {other_factor}) then 20
            when words.role = 'line_amount' and plain.title = {product} then 40
            else 0
        end as score
    from plain
    inner join words on position(plain.kind in words.kinds) > 0
    left join paid on plain.title = paid.title
    left join located on plain.title = located.title

)

select
    role,
    title,
    score
from scored
where score > 0
order by score desc, position asc, title asc
