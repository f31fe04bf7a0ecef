with

devices as (

    select * from {{ ref('devices') }}

),

final as (

    select
        -- keys
        devices.device_id,
        devices.branch_id,

        -- what it is
        coalesce(devices.name_in_readings, devices.device_id) as name_in_readings,
        coalesce(devices.device_name, devices.device_id) as device_name,
        devices.device_kind,
        devices.metric,
        case when devices.metric = 'temperature' then 'C' else devices.unit end as unit,
        devices.installed_on,

        -- what is allowed
        devices.lowest_value,
        devices.highest_value,
        devices.minutes_allowed,
        devices.expected_seconds,
        devices.is_steady,

        -- what is at stake
        devices.contents_cost,
        devices.responsible
    from devices
    inner join {{ ref('dim_branches') }} as branches on devices.branch_id = branches.branch_id

)

select * from final
