-- sqlfluff:dialect:duckdb
-- the values of a file, each once for a column
create table counted as
select
    title,
    value as text,
    count(*) as lines,
    min(line) as line
from cells
where value <> ''
group by title, value;

-- columns of numbers with a unit behind them, like 0,350 kg: the model takes it off
create table units as
with

measured as (

    select
        title,
        regexp_extract(plain, '^[-+]?[0-9.,]+ ?(.*)$', 1) as unit,
        bool_and(regexp_matches(plain, '^[-+]?[0-9.,]+')) as is_number
    from (select title, plain_signs(text) as plain from counted) as texts
    group by title, unit

),

numbers as (

    select title
    from measured
    group by title
    having bool_and(is_number) and bool_or(unit <> '') and count(*) <= 100

)

select
    measured.title,
    string_agg(measured.unit, ', ' order by measured.unit) filter (where measured.unit <> '')
        as units
from measured
inner join numbers on measured.title = numbers.title
left join words
    on words.role = 'unit' and regexp_full_match(measured.unit, '(?i)(' || words.words || ')[.]?')
group by measured.title
having bool_and(measured.unit = '' or words.role is not null);

update cells
set value = regexp_extract(plain_signs(value), '[-+]?[0-9.,]+')
where title in (select title from units);

update counted
set text = regexp_extract(plain_signs(text), '[-+]?[0-9.,]+')
where title in (select title from units);

update titles
set expression = 'regexp_replace(' || titles.expression || ', '' *[[:alpha:]]+[.]?$'', '''')'
where title in (select title from units);

create table filled as
select
    title,
    text,
    plain_signs(text) as plain,
    sum(lines) as lines,
    min(line) as line,
    -- by this the most of what is no number, day or time is known
    regexp_matches(plain, '[0-9]') as has_digits,
    regexp_matches(plain, '\pL') as has_letters,
    -- 0, -0,00, (0.00) and a dash are written alike in every dialect
    translate(plain, '0-.,()', '') = '' as is_nothing
from counted
group by title, text
-- of each column the first of them, and others from all over the file
qualify
    row_number() over (partition by title order by min(line) asc, text asc) <= 2000
    or row_number() over (partition by title order by hash(text) asc, text asc) <= 10000;

-- patterns of constants: one that is read from a table would be compiled for each value
create macro digits() as '[0-9](?:[0-9., ''\x{a0}\x{2007}\x{2009}\x{202f}\x{3000}]*[0-9])?';

create macro currency() as '(r\$|nt\$|us\$|hk\$|[€$£¥￥₩￦₹₺₽₴₪฿₫₱₦元円원]|kr\.?|rs\.?|tl|руб\.?|zł|chf|eur|usd|gbp|lei|kč|ft|rm|rp)';

create macro amount() as '[-+(]* ?' || digits() || ' ?[-)]*';

create macro sign_before() as '(?i)[-+(]* ?' || currency() || ' ?[-+(]* ?' || digits() || ' ?[-)]*';

create macro sign_behind() as '(?i)[-+(]* ?' || digits() || ' ?[-)]* ?' || currency() || '[-)]*';

-- what stands before or behind the digits in columns that hold amounts: an id may have its letters
create table signs as
select coalesce(mode(sign), '') as currency_sign
from (
    select
        nullif(coalesce(
            nullif(regexp_extract(plain, sign_before(), 1), ''),
            regexp_extract(plain, sign_behind(), 1)
        ), '') as sign,
        avg(case
            when
                is_nothing
                or regexp_full_match(plain, sign_before())
                or regexp_full_match(plain, sign_behind())
                or regexp_full_match(plain, amount())
                then 1.0
            else 0
        end) over (partition by title) as amounts
    from filled
) as signed
where amounts >= 0.75;

-- columns that hold times of a day: by their name, or since all of their values are like 14.05
create table clocks as
select titles.title
from titles
inner join words on words.role = 'sold_at' and regexp_full_match(plain(titles.shown), words.words)
union
select title
from filled
group by title
having
    bool_and(regexp_full_match(text, '([01]?[0-9]|2[0-3])[.][0-5][0-9]'))
    and count(distinct split_part(text, '.', 2)) >= 20;

create table branches as
select
    branch_id,
    unnest(array[branch_id, branch_name, city]) as called
from seed;

create table records as
select count(*) as records
from landed
where _reject is null;

-- lines that do not fit the header; of those that begin like a total, how they begin
create table rejects as
select
    landed._line_number as line,
    landed._reject as text,
    case
        when regexp_full_match(lower(strip_accents(trim(landed._reject, '" '))), words.words)
            then regexp_extract(landed._reject, '^[" ]*(-+|=+|[^ ",;:]+)', 1)
    end as beginning
from landed
left join words on words.role = 'total'
where landed._reject is not null;

create table not_records as
select distinct beginning
from rejects
where beginning <> ''
