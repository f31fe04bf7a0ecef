-- sqlfluff:dialect:duckdb
-- what is nested in JSON lines, as cells of its own: of a list the elements, one after the other
create table leaves as
select
    cells.line,
    cells.title as column_name,
    tree.key,
    tree.atom ->> '$' as value,
    cast(nullif(regexp_extract(tree.fullkey, '^[$]\[([0-9]+)\]', 1), '') as integer) as element
from cells
-- an article may be called [Promo] Tea
cross join lateral json_tree(case when json_valid(cells.value) then cells.value end) as tree
where
    left(cells.value, 1) in ('[', '{')
    and tree.atom is not null
    and regexp_full_match(tree.fullkey, '[$](\[[0-9]+\])?[.][^.\[]+');

create table lists as
select
    leaves.column_name,
    -- the lines are the list that says most of what was sold; of several, the longest
    count(words.role) > 0
    and row_number() over (
        order by
            count(distinct words.role) desc,
            count(distinct leaves.line * 1000 + leaves.element) desc,
            leaves.column_name asc
    ) = 1 as is_lines
from leaves
left join words
    on
        words.role in ('article', 'quantity', 'unit_price')
        and regexp_full_match(plain(leaves.key), '(.* )?(' || words.words || ')( .*)?')
where leaves.element is not null
group by leaves.column_name;

delete from cells
where left(value, 1) in ('[', '{') and json_valid(value);

insert into cells
select
    leaves.line,
    coalesce(leaves.element, 0) as element,
    leaves.column_name || '.' || leaves.key as title,
    stripped(leaves.value) as value
from leaves
left join lists on leaves.column_name = lists.column_name
-- of the other lists the model reads the first element
where coalesce(lists.is_lines, false) or coalesce(leaves.element, 0) = 0;

delete from titles
where title not in (select title from cells) and title in (select column_name from leaves);

insert into titles
select
    1000 + row_number() over (order by min(leaves.line) asc, min(leaves.key) asc) as position,
    leaves.column_name || '.' || leaves.key as title,
    -- of an object its name says something, too: article.name
    case when lists.is_lines is null then leaves.column_name || '.' else '' end || leaves.key
        as shown,
    case
        when lists.is_lines is null
            then '{{ landed_json(''landed.' || leaves.column_name || ''', '''
        when lists.is_lines then '{{ json_text(''line.element'', '''
        else '{{ json_text(''' || leaves.column_name || '_list.element'', '''
    end || replace(replace(leaves.key, '\', '\\'), '''', '\''') || ''') }}' as expression
from leaves
left join lists on leaves.column_name = lists.column_name
group by leaves.column_name, leaves.key, lists.is_lines
