-- A till with as many order lines as psql's variable `lines` says, and next to nothing else: what is
-- measured is one long table. One line in seven has a discount, two lines make an order.
insert into order_lines
select
    line as order_line_id,
    (line + 1) / 2 as order_id,
    1 + line % 2 as line_number,
    1 + hashint8(line) & 63 as product_id,
    case when hashint8(line + 1) & 15 = 0 then 2 else 1 end as quantity,
    9.75 + 0.25 * (hashint8(line + 2) & 63) as unit_price,
    case when hashint8(line + 3) % 7 = 0 then 1.95 else 0 end as discount_amount,
    timestamptz '2015-01-01 09:00:00Z' + line * interval '1 second' as updated_at
from generate_series(cast(1 as bigint), cast(:lines as bigint)) as line;

insert into products
select
    product,
    'pizza_' || product,
    'Pizza number ' || product,
    'classic',
    'L',
    12.50,
    4.00,
    true,
    '{"vegetarian": false}',
    timestamptz '2015-01-01 00:00:00Z',
    timestamptz '2015-01-01 00:00:00Z'
from generate_series(1, 64) as product;

insert into customers
select
    1,
    'Ada Example',
    'ada@example.com',
    null,
    'en',
    true,
    null,
    timestamptz '2015-01-01 00:00:00Z',
    timestamptz '2015-01-01 00:00:00Z';

insert into orders
select
    1,
    '2015-000001',
    1,
    'dine_in',
    'completed',
    timestamptz '2015-01-01 09:00:00Z',
    'USD',
    20,
    0,
    2,
    22,
    null,
    null,
    timestamptz '2015-01-01 09:00:00Z',
    timestamptz '2015-01-01 09:00:00Z';

insert into payments
select
    1,
    1,
    'cash',
    'sale',
    22,
    2,
    0,
    'USD',
    null,
    timestamptz '2015-01-01 09:00:00Z',
    timestamptz '2015-01-01 09:00:00Z';

create index on order_lines (updated_at);
