-- The till's own database, as a till vendor would lay it out: one per branch. Foreign keys and
-- secondary indexes follow in till_keys.sql, after the bulk of the rows.
create table customers (
    customer_id bigint primary key,
    full_name text not null,
    email text,
    phone text,
    preferred_language text not null,
    accepts_marketing boolean not null,
    preferences jsonb,
    created_at timestamptz not null,
    updated_at timestamptz not null
);

create table products (
    product_id integer primary key,
    sku text not null unique,
    product_name text not null,
    category text not null,
    size text not null,
    unit_price numeric(10, 2) not null,
    unit_cost numeric(10, 2),
    is_active boolean not null,
    attributes jsonb,
    created_at timestamptz not null,
    updated_at timestamptz not null
);

create table orders (
    order_id bigint primary key,
    order_number text not null unique,
    customer_id bigint,
    channel text not null,
    status text not null,
    ordered_at timestamptz not null,
    currency text not null,
    gross_amount numeric(12, 2) not null,
    discount_amount numeric(12, 2) not null,
    tax_amount numeric(12, 2) not null,
    total_amount numeric(12, 2) not null,
    note text,
    metadata jsonb,
    created_at timestamptz not null,
    updated_at timestamptz not null
);

create table order_lines (
    order_line_id bigint primary key,
    order_id bigint not null,
    line_number integer not null,
    product_id integer not null,
    quantity integer not null,
    unit_price numeric(10, 2) not null,
    discount_amount numeric(10, 2) not null,
    updated_at timestamptz not null,
    unique (order_id, line_number)
);

create table payments (
    payment_id bigint primary key,
    order_id bigint not null,
    payment_method text not null,
    payment_type text not null,
    amount numeric(12, 2) not null,
    tax_amount numeric(12, 2) not null,
    tip_amount numeric(12, 2) not null,
    currency text not null,
    card_last_four text,
    paid_at timestamptz not null,
    updated_at timestamptz not null
);
