-- The orders that guests placed in the web shop since it was asked last, with what was in the cart.
select
    orders.order_id,
    orders.order_number,
    orders.customer_id,
    customers.email,
    orders.ordered_at,
    cast(orders.total_amount as text) as total_amount,
    orders.currency,
    (
        select jsonb_agg(
            jsonb_build_array(order_lines.product_id, order_lines.quantity)
            order by order_lines.line_number
        )
        from order_lines
        where order_lines.order_id = orders.order_id
    ) as lines
from orders
left join customers on orders.customer_id = customers.customer_id
where
    orders.channel = 'app'
    and orders.order_id > %(after)s
    and orders.ordered_at >= %(since)s
order by orders.order_id
