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
        cast(happened_at as date) as measured_on
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
        readings.reading_value
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
        percentile_cont(0.5) within group (order by reading_value) as usual_value
    from before
    group by device_id, branch_id, measured_on, readings

),

spreads as (

    select
        before.device_id,
        before.measured_on,
        percentile_cont(0.5) within group (
            order by abs(before.reading_value - medians.usual_value)
        ) as deviation
    from before
    inner join medians
        on before.device_id = medians.device_id and before.measured_on = medians.measured_on
    group by before.device_id, before.measured_on

),

final as (

    select
        medians.device_id,
        medians.measured_on,
        medians.branch_id,
        cast(medians.readings as integer) as readings,
        cast(medians.usual_value as numeric(12, 4)) as usual_value,
        cast(greatest(1.4826 * spreads.deviation, 0.1) as numeric(12, 4)) as usual_spread
    from medians
    inner join spreads
        on medians.device_id = spreads.device_id and medians.measured_on = spreads.measured_on

)

select * from final
