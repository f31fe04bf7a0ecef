{%- set since = sensors_kept_since(ref('fct_sensor_readings'), hours=192) %}
{{ config(
    materialized="incremental",
    incremental_strategy="delete+insert",
    unique_key=["device_id", "measured_on"],
    on_schema_change="fail",
    pre_hook="{{ take_out_measured(ref('fct_sensor_readings')) }}"
) }}


with

readings as (

    select
        *,
        cast(happened_at as date) as measured_on,
        reading_value - lag(reading_value) over (
            partition by device_id order by happened_at, reading_key
        ) as reading_change
    from {{ ref('fct_sensor_readings') }}

),

days as (

    select
        device_id,
        branch_id,
        measured_on,
        count(*) as readings
    from readings
    group by device_id, branch_id, measured_on

),

-- of a few readings nothing is usual yet
wanted as (

    select
        days.device_id,
        days.branch_id,
        days.measured_on,
        sum(earlier.readings) as readings
    from days
    inner join days as earlier
        on
            days.device_id = earlier.device_id
            and days.measured_on > earlier.measured_on
            and days.measured_on <= {{ dbt.dateadd('day', 7, 'earlier.measured_on') }}
    {%- if since %}
    where days.measured_on >= {{ since }}
    {%- endif %}
    group by days.device_id, days.branch_id, days.measured_on
    having sum(earlier.readings) >= 24

),

-- a day is worked out once, and again when one of its readings comes late
before as (

    select
        wanted.*,
        readings.reading_value,
        readings.reading_change
    from wanted
    inner join readings
        on
            wanted.device_id = readings.device_id
            and wanted.measured_on > readings.measured_on
            and wanted.measured_on <= {{ dbt.dateadd('day', 7, 'readings.measured_on') }}
    {%- if is_incremental() %}
    where
        not exists (
            select 1 from {{ this }} as built
            where
                wanted.device_id = built.device_id
                and wanted.measured_on = built.measured_on
                and wanted.readings = built.readings
        )
    {%- endif %}

),

medians as (

    select
        device_id,
        branch_id,
        measured_on,
        readings,
        percentile_cont(0.5) within group (order by reading_value) as usual_value,
        percentile_cont(0.5) within group (order by reading_change) as usual_change
    from before
    group by device_id, branch_id, measured_on, readings

),

final as (

    select
        medians.device_id,
        medians.measured_on,
        medians.branch_id,
        cast(medians.readings as integer) as readings,
        cast(medians.usual_value as numeric(12, 4)) as usual_value,
        cast(greatest(0.1, 1.4826 * percentile_cont(0.5) within group (
            order by abs(before.reading_value - medians.usual_value)
        )) as numeric(12, 4)) as usual_spread,
        cast(medians.usual_change as numeric(12, 4)) as usual_change,
        cast(greatest(0.1, 1.4826 * percentile_cont(0.5) within group (
            order by abs(before.reading_change - medians.usual_change)
        )) as numeric(12, 4)) as usual_change_spread
    from medians
    inner join before
        on medians.device_id = before.device_id and medians.measured_on = before.measured_on
    group by
        medians.device_id,
        medians.measured_on,
        medians.branch_id,
        medians.readings,
        medians.usual_value,
        medians.usual_change

)

select * from final
