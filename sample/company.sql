-- What the sample company keeps in a till besides the vendor's five tables: who the branch is, its
-- clock and its dice. Nothing outside the tills is needed to trade on.
create schema company;

create table company.settings as
select
    branches.branch_id,
    habits.branch_code,
    cast(branches.opened_on as date) as opened_on,
    branches.time_zone,
    cast(branches.cutover_hour as integer) as cutover_hour,
    branches.currency,
    run.seed,
    run.scale,
    cast(habits.tax_rate as numeric) as tax_rate,
    cast(habits.cash as double precision) as cash,
    cast(habits.card as double precision) as card,
    cast(habits.dine_in as double precision) as dine_in,
    cast(habits.takeaway as double precision) as takeaway,
    cast(habits.delivery as double precision) as delivery,
    cast(habits.anonymous as double precision) as anonymous,
    habits.area_code
from run
inner join branches on run.branch_id = branches.branch_id
inner join habits on branches.branch_id = habits.branch_id;

create table company.business_days (
    business_date date primary key,
    orders integer not null default 0,
    cancelled integer not null default 0,
    discounted integer not null default 0,
    after_midnight integer not null default 0,
    late_commits integer not null default 0,
    corrections integer not null default 0,
    refunds integer not null default 0,
    new_customers integer not null default 0,
    changed_customers integer not null default 0,
    new_products integer not null default 0,
    price_changes integer not null default 0
);

insert into company.business_days (business_date) values ('2015-12-31');

-- Dice that fall the same way everywhere: a thing's luck comes from the seed and its natural key,
-- a throw from the luck and its purpose. No pow() or other libm function works on a throw.
create function company.luck(seed bigint, key text) returns bigint
immutable parallel safe language sql
return hashtextextended(key, seed);

create function company.draw(luck bigint, purpose text) returns double precision
immutable parallel safe language sql
return ((hashtextextended(purpose, luck) >> 11) & 9007199254740991)
/ cast(9007199254740992.0 as float8);

create function company.pick(luck bigint, purpose text, options text[]) returns text
immutable parallel safe language sql
return options[1 + cast(floor(company.draw(luck, purpose) * cardinality(options)) as integer)];

-- The languages that the branch's guests speak, each with its slice of [0, 1).
create table company.languages as
with spoken as (
    select
        split_part(parts.spoken_part, ':', 1) as language_code,
        cast(split_part(parts.spoken_part, ':', 2) as integer) as weight,
        parts.ordinality
    from habits
    inner join company.settings on habits.branch_id = settings.branch_id
    cross join unnest(string_to_array(habits.languages, '|')) with ordinality as parts (spoken_part)
)

select
    languages.language,
    cast(languages.family_first as boolean) as family_first,
    string_to_array(languages.given_names, '|') as given_names,
    string_to_array(languages.family_names, '|') as family_names,
    cast((sum(spoken.weight) over (order by spoken.ordinality) - spoken.weight) as double precision)
    / sum(spoken.weight) over () as lower_bound,
    cast(sum(spoken.weight) over (order by spoken.ordinality) as double precision)
    / sum(spoken.weight) over () as upper_bound
from spoken
inner join languages on spoken.language_code = languages.language;

create table company.menu as
select
    code,
    product_name,
    cast(cost_share as numeric) as cost_share,
    cast(is_spicy as boolean) as is_spicy,
    cast(month as integer) as month_number,
    category,
    cast(price as numeric(10, 2)) as price
from menu;
