-- Days of devices that were out of range or not measured all day, of those that the page holds.
select
    scopes.scope_id,
    days.business_date,
    branches.branch_name,
    limits.device_name,
    concat_ws(
        ', ',
        case when not days.is_in_range then 'out of range' end,
        case
            when days.is_complete then null
            when days.readings = 0 then 'not recorded'
            else 'not measured all day'
        end
    ) as problem,
    -- the one that is further outside
    case
        when days.is_in_range then null
        when
            coalesce(days.highest_reading - devices.highest_value, 0)
            >= coalesce(devices.lowest_value - days.lowest_reading, 0)
            then days.highest_reading
        else days.lowest_reading
    end as worst_reading,
    limits.allowed,
    days.minutes_out_of_range,
    case
        when days.is_complete then 0
        else
            greatest(
                days.expected_readings * devices.expected_seconds / 60.0 - days.minutes_measured, 0
            )
    end as minutes_without_readings,
    days.responsible,
    to_char(days.told_at at time zone branches.time_zone, 'YYYY-MM-DD HH24:MI') as told
from marts.rpt_cold_chain_days as days
inner join marts.dim_devices as devices
    on days.branch_id = devices.branch_id and days.device_id = devices.device_id
inner join device_limits as limits
    on devices.branch_id = limits.branch_id and devices.device_id = limits.device_id
inner join marts.dim_branches as branches on days.branch_id = branches.branch_id
inner join held_days as held on days.branch_id = held.branch_id
cross join lateral (values (branches.branch_id), (branches.currency)) as scopes (scope_id)
where
    days.is_over
    and not (days.is_complete and days.is_in_range)
    and days.business_date between held.first_date and held.last_date
order by scopes.scope_id, days.business_date desc, branches.branch_name, limits.device_name
