{{ config(enabled=sensor_streams() != []) }}

-- Each new reading is in the fact, or one more copy of one that is, or not kept any more and in its
-- hour. Each reading in the fact has its hour; of hours that are kept all readings are counted.
with

landed as (

    select * from {{ ref('int_sensor_readings_cleaned') }}
    where {{ new_readings() }}

),

readings as (

    select
        *,
        {{ dbt.date_trunc('hour', 'happened_at') }} as hour_started_at
    from {{ ref('fct_sensor_readings') }}

),

hours as (

    select * from {{ ref('fct_sensor_hours') }}

),

kept as (

    {{ sensors_kept(ref('fct_sensor_readings'), hours=1) }}

),

in_hours as (

    select
        device_id,
        hour_started_at,
        count(*) as readings
    from readings
    group by device_id, hour_started_at

),

lost as (

    select
        landed.device_id,
        landed.happened_at
    from landed
    left join readings
        on
            landed.device_id = readings.device_id
            and landed.occurred_at = readings.occurred_at
            and landed.said_value = readings.said_value
    left join kept on landed.device_id = kept.device_id
    left join hours
        on
            landed.device_id = hours.device_id
            and {{ dbt.date_trunc('hour', 'landed.happened_at') }} = hours.hour_started_at
    where
        readings.reading_key is null
        and (hours.readings is null or coalesce(landed.happened_at >= kept.since, true))

    union all

    select
        in_hours.device_id,
        in_hours.hour_started_at
    from in_hours
    inner join kept on in_hours.device_id = kept.device_id
    left join hours
        on
            in_hours.device_id = hours.device_id
            and in_hours.hour_started_at = hours.hour_started_at
    where
        hours.readings is null
        or (hours.readings <> in_hours.readings and in_hours.hour_started_at >= kept.since)

)

select * from lost
