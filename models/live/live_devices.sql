{{ config(alias='devices', enabled='streams' in var('systems')) }}
{%- set said_ago = dbt.datediff('devices.happened_at', dbt.current_timestamp(), 'second') %}

with

devices as (select * from {{ ref('dim_devices') }}),

readings as (

    select
        *,
        row_number() over (
            partition by device_id order by happened_at desc, reading_key desc
        ) as place_from_last
    from {{ ref('live_sensor_readings') }}

),

-- of a device that said nothing for a day: what it said last
hours as (

    select
        *,
        row_number() over (partition by device_id order by hour_started_at desc) as place_from_last
    from {{ ref('fct_sensor_hours') }}

),

newest as (

    select
        devices.*,
        coalesce(readings.reading_value, hours.last_reading) as reading_value,
        coalesce(readings.happened_at, hours.hour_started_at) as happened_at,
        count(coalesce(readings.happened_at, hours.hour_started_at))
            over (partition by devices.branch_id) as devices_heard
    from devices
    left join readings on devices.device_id = readings.device_id and readings.place_from_last = 1
    left join hours on devices.device_id = hours.device_id and hours.place_from_last = 1

),

final as (

    select
        -- keys
        devices.device_id,
        devices.branch_id,

        -- what it is
        devices.device_name,
        devices.device_kind,
        devices.metric,
        devices.unit,

        -- what is allowed, and who has to be told
        devices.lowest_value,
        devices.highest_value,
        devices.minutes_allowed,
        devices.expected_seconds,
        devices.is_steady,
        devices.responsible,

        -- what it says
        devices.reading_value,
        devices.happened_at,
        coalesce(
            devices.reading_value < devices.lowest_value
            or devices.reading_value > devices.highest_value, false
        ) as is_out_of_range,
        coalesce({{ said_ago }} >= {{ silent_seconds() }}, true) as is_silent
    from newest as devices
    where
        {{ may_see('devices.branch_id') }}
        and (devices.is_expected or devices.devices_heard > 0)
        and coalesce(devices.removed_at > {{ dbt.current_timestamp() }}, true)

)

select * from final
