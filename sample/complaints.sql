-- The orders of a till that guests write about: every fourteenth; which one is the order number's
-- luck.
select
    orders.order_number,
    orders.ordered_at,
    orders.channel,
    cast(orders.total_amount as text) as total_amount,
    orders.currency,
    customers.full_name,
    customers.email
from orders
left join customers on orders.customer_id = customers.customer_id
where
    orders.ordered_at > %(written_after)s
    and orders.ordered_at <= %(written_until)s
    and mod(hashtextextended(orders.order_number, 0), 14) = 0
