-- The orders from psql's `first` to `last`, of two lines and one payment each, `per_day` of them a
-- day from `opened` on; and a correction of one line in a hundred of the day before.
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
    null,
    cast(:'opened' as timestamptz) as created_at,
    cast(:'opened' as timestamptz) as updated_at
from generate_series(1, 64) as product
on conflict do nothing;

create temporary table sold as
select
    number as order_id,
    cast(:'opened' as timestamptz) + number * interval '1 day' / :per_day as sold_at
from generate_series(cast(:first as bigint), cast(:last as bigint)) as number;

insert into orders
select
    order_id,
    'B-' || order_id,
    null,
    'dine_in',
    'completed',
    sold_at as ordered_at,
    'USD',
    20,
    0,
    2,
    22,
    null,
    null,
    sold_at as created_at,
    sold_at as updated_at
from sold;

insert into order_lines
select
    2 * order_id + line as order_line_id,
    order_id,
    1 + line as line_number,
    1 + order_id % 64 as product_id,
    1 as quantity,
    10 as unit_price,
    0 as discount_amount,
    sold_at
from sold
cross join generate_series(0, 1) as line;

insert into payments
select
    order_id as payment_id,
    order_id,
    'cash',
    'sale',
    22,
    2,
    0,
    'USD',
    null,
    sold_at as paid_at,
    sold_at as updated_at
from sold;

update order_lines
set quantity = 2, updated_at = (select min(sold_at) from sold)
where
    order_id between cast(:first as bigint) - :per_day and cast(:first as bigint) - 1
    and order_line_id % 100 = 0;

analyze orders, order_lines, payments, products;
