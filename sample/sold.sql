-- What a till sold per business date.
select
    cast(
        timezone(settings.time_zone, orders.ordered_at)
        - make_interval(hours => settings.cutover_hour) as date
    ) as business_date,
    products.product_name,
    products.size,
    sum(order_lines.quantity) as quantity
from orders
inner join order_lines on orders.order_id = order_lines.order_id
inner join products on order_lines.product_id = products.product_id
cross join company.settings
where orders.status <> 'cancelled'
group by business_date, products.product_name, products.size
