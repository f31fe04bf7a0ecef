-- What each device may measure, as people read it.
select
    device_id,
    branch_id,
    device_name,
    concat_ws(
        ' ',
        case
            when lowest_value is null then 'at most'
            when highest_value is null then 'at least'
            else concat(trim_scale(lowest_value), ' to')
        end,
        trim_scale(coalesce(highest_value, lowest_value)),
        case unit when 'C' then '°C' else unit end
    ) as allowed
from marts.dim_devices
