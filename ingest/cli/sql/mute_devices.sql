-- The devices of which readings are expected, and none has ever come. One that is removed has no
-- newest days; days of branches around the world differ by two at most.
select
    branch_id,
    device_id,
    min(business_date) as expected_on
from marts.rpt_cold_chain_days
group by branch_id, device_id
having
    sum(readings) = 0
    and max(business_date) >= (
        select max(newest.business_date) - 2 from marts.rpt_cold_chain_days as newest
    )
order by branch_id, device_id
