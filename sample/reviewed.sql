-- The orders of a till that known guests review: every so many, by the order number's luck.
select
    orders.order_number,
    orders.ordered_at,
    customers.customer_id,
    customers.full_name,
    (
        select products.product_name
        from order_lines
        inner join products on order_lines.product_id = products.product_id
        where order_lines.order_id = orders.order_id
        order by order_lines.line_number
        limit 1
    ) as product_name
from orders
inner join customers on orders.customer_id = customers.customer_id
where
    orders.ordered_at <= %(until)s
    and orders.status <> 'cancelled'
    and mod(hashtextextended(orders.order_number, 2), %(every)s) = 0
order by orders.order_number
