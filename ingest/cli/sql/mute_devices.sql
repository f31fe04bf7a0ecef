-- The devices of which readings are expected, and none has ever come.
select
    branch_id,
    device_id,
    min(business_date) as expected_on
from marts.rpt_cold_chain_days
group by branch_id, device_id
having sum(readings) = 0
order by branch_id, device_id
