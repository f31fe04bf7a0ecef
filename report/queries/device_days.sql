-- Each device's days that are over, of the days that the page holds.
select
    days.branch_id as scope_id,
    days.business_date,
    devices.device_name,
    1 as device_days,
    cast(days.is_complete and days.is_in_range as integer) as kept_device_days,
    days.minutes_out_of_range
from marts.rpt_cold_chain_days as days
inner join marts.dim_devices as devices
    on days.branch_id = devices.branch_id and days.device_id = devices.device_id
inner join held_days as held on days.branch_id = held.branch_id
where
    days.is_over
    and days.business_date between held.first_date and held.last_date
order by days.branch_id, days.business_date, devices.device_name
