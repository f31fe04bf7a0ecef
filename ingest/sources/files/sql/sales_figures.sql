-- The day figures of an export's sales. A line with a negative quantity is a refund, unless totals say
-- otherwise; one that has an amount and no quantity is one of what it says. A refund has no sign.
select
    business_date,
    count(distinct receipt) filter (where not is_refund or {counts_returns}) as orders,
    count(*) as lines,
    sum(amount) filter (where not is_refund) as order_total,
    abs(sum(amount) filter (where is_refund)) as refund_total
from (
    select
        {business_date} as business_date,
        landed.{receipt} as receipt,
        coalesce({is_refund}, false) as is_refund,
        {amount} as amount
    from {table} as landed
    cross join (select * from raw_files._feeds where feed = {feed}) as dialect
    cross join (
        select {time_zone} as time_zone, make_interval(hours => {cutover_hour}) as cutover
    ) as branch
    where landed.branch_id = {branch} and landed._deleted_at is null and landed._reject is null
) as sales
group by business_date
