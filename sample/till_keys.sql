-- Keys and indexes that a bulk load is faster without; a till always has them in the end.
alter table orders add foreign key (customer_id) references customers (customer_id);
alter table order_lines add foreign key (order_id) references orders (order_id);
alter table order_lines add foreign key (product_id) references products (product_id);
alter table payments add foreign key (order_id) references orders (order_id);

create index on payments (order_id);
create index on orders (ordered_at);

create index on customers (updated_at);
create index on products (updated_at);
create index on orders (updated_at);
create index on order_lines (updated_at);
create index on payments (updated_at);

analyze customers, products, orders, order_lines, payments;
