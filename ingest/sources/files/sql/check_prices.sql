-- the price of each product of a wide file, by the orders that have no other product
select
    title,
    mode(total / value) as price
from (
    select
        sold.title,
        sold.value,
        totals.value as total,
        count(*) over (partition by sold.line) as products
    from numbers as sold
    inner join numbers as totals on sold.line = totals.line and totals.title = {total}
    where sold.value <> 0 and sold.title in (select unnest({products}))
) as of_orders
where products = 1 and total <> 0
group by title
