-- As many orders of a till and tickets of an export as psql's variable `orders` says, of two lines
-- and one payment each, spread over a year, as one load lands them. What is measured is the facts.
insert into raw_pos.orders (
    branch_id, order_id, order_number, channel, status, ordered_at, currency,
    gross_amount, discount_amount, tax_amount, total_amount, created_at, updated_at, _dlt_load_id
)
select
    'chicago',
    1000000 + number,
    'B-' || number,
    'dine_in',
    'completed',
    timestamptz '2015-01-02 18:00:00Z' + number % 360 * interval '1 day',
    'USD',
    20,
    0,
    2,
    22,
    now(),
    now(),
    :'load'
from generate_series(1, :orders) as number;

insert into raw_pos.order_lines (
    branch_id, order_line_id, order_id, line_number, product_id, quantity, unit_price,
    discount_amount, updated_at, _dlt_load_id
)
select
    'chicago',
    10 * (1000000 + number) + line,
    1000000 + number,
    line,
    1 + number % 20,
    1,
    10,
    0,
    now(),
    :'load'
from generate_series(1, :orders) as number
cross join generate_series(1, 2) as line;

insert into raw_pos.payments (
    branch_id, payment_id, order_id, payment_method, payment_type, amount, tax_amount, tip_amount,
    currency, paid_at, updated_at, _dlt_load_id
)
select
    'chicago',
    1000000 + number,
    1000000 + number,
    'card',
    'sale',
    22,
    2,
    0,
    'USD',
    timestamptz '2015-01-02 18:30:00Z' + number % 360 * interval '1 day',
    now(),
    :'load'
from generate_series(1, :orders) as number;

insert into raw_files.lyon_sales (
    branch_id, _file_name, _line_number, _dlt_load_id,
    date, heure, ticket, article, quantite, prix_unitaire, mode_de_paiement
)
select
    'lyon',
    'exports/lyon/ventes_benchmark.csv',
    2 * number + line,
    :'load',
    to_char(date '2015-01-02' + number % 360, 'DD/MM/YYYY'),
    '18:30',
    'B' || number,
    'Reine',
    '1',
    '11,00 €',
    'carte'
from generate_series(1, :orders) as number
cross join generate_series(0, 1) as line;

insert into raw_pos._dlt_loads (load_id, schema_name, status, inserted_at)
values (:'load', 'pos_chicago', 0, now());
insert into raw_files._dlt_loads (load_id, schema_name, status, inserted_at)
values (:'load', 'files_lyon_sales', 0, now());
analyze raw_pos.orders, raw_pos.order_lines, raw_pos.payments, raw_files.lyon_sales;
