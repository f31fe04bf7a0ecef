-- The day figures of an export's sales. A line with a negative quantity is a refund.
select
    business_date,
    count(distinct receipt) filter (where quantity >= 0) as orders,
    count(*) as lines,
    sum(quantity * unit_price) filter (where quantity >= 0) as order_total,
    -sum(quantity * unit_price) filter (where quantity < 0) as refund_total
from (
    select
        {day} - case when {time} < make_time({cutover_hour}, 0, 0) then 1 else 0 end
            as business_date,
        landed.{receipt} as receipt,
        {quantity} as quantity,
        {unit_price} as unit_price
    from {table} as landed
    cross join (select * from raw_files._feeds where feed = {feed}) as dialect
    where landed._deleted_at is null and landed._reject is null
) as sales
group by business_date
