{%- set since = sensors_kept_since(ref('fct_sensor_readings'), hours=1) %}
{{ config(
    materialized="incremental",
    incremental_strategy="append",
    unique_key=["device_id", "hour_started_at"],
    on_schema_change="fail",
    indexes=[{"columns": ["branch_id", "business_date"]}],
    pre_hook="{{ take_out_measured(ref('fct_sensor_readings'), 1, 'hour_started_at') }}"
) }}

with

readings as (

    select
        *,
        {{ dbt.date_trunc('hour', 'happened_at') }} as hour_started_at,
        lead(happened_at) over (
            partition by device_id order by happened_at, reading_key
        ) as next_at
    from {{ ref('fct_sensor_readings') }}
    {%- if since %}
    where happened_at >= {{ since }}
    {%- endif %}

),

-- a reading stands until the next one, at most for as long as there should be between two
standing as (

    select
        readings.*,
        readings.next_at is null
        or {{ dbt.date_trunc('hour', 'readings.next_at') }} > readings.hour_started_at as is_last,
        readings.reading_value < devices.lowest_value
        or readings.reading_value > devices.highest_value as is_outside,
        least(
            coalesce(
                extract(epoch from readings.next_at - readings.happened_at),
                devices.expected_seconds
            ),
            devices.expected_seconds
        ) as seconds
    from readings
    inner join {{ ref('dim_devices') }} as devices on readings.device_id = devices.device_id

),

hours as (

    select
        device_id,
        hour_started_at,
        count(*) as readings,
        min(reading_value) as lowest_reading,
        max(reading_value) as highest_reading,
        avg(reading_value) as mean_reading,
        max(case when is_last then reading_value end) as last_reading,
        sum(case when is_outside then 1 else 0 end) as readings_out_of_range,
        sum(case when is_outside then seconds else 0 end) as seconds_out_of_range,
        sum(seconds) as seconds_measured
    from standing
    group by device_id, hour_started_at

),

final as (

    select
        -- keys
        hours.device_id,
        hours.hour_started_at,
        devices.branch_id,
        {{ business_date('hours.hour_started_at', 'branches.time_zone', 'branches.cutover_hour') }}
            as business_date,

        -- measures
        cast(hours.lowest_reading as numeric(12, 2)) as lowest_reading,
        cast(hours.highest_reading as numeric(12, 2)) as highest_reading,
        cast(hours.mean_reading as numeric(12, 2)) as mean_reading,
        cast(hours.last_reading as numeric(12, 2)) as last_reading,
        cast(hours.readings as integer) as readings,
        cast(3600.0 / devices.expected_seconds as integer) as expected_readings,
        cast(hours.readings_out_of_range as integer) as readings_out_of_range,
        cast(hours.seconds_out_of_range / 60.0 as numeric(12, 2)) as minutes_out_of_range,
        cast(hours.seconds_measured / 60.0 as numeric(12, 2)) as minutes_measured
    from hours
    inner join {{ ref('dim_devices') }} as devices on hours.device_id = devices.device_id
    inner join {{ ref('dim_branches') }} as branches on devices.branch_id = branches.branch_id

)

select * from final
