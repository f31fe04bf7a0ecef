select
    sales.business_date,
    {figures}
from (
    select
        {sales_date} - case
            when {sales_time} < make_time({cutover_hour}, 0, 0) then 1
            else 0
        end as business_date,
        landed.{receipt} as receipt,
        {quantity} as quantity,
        {unit_price} as unit_price
    from {sales_table} as landed
    cross join (select * from raw_files._feeds where feed = {feed}) as dialect
    where landed._deleted_at is null and landed._reject is null
) as sales
group by sales.business_date
