{%- set since = sensors_kept_since(this) %}
{{ config(
    materialized="incremental",
    incremental_strategy="append",
    unique_key="reading_key",
    on_schema_change="fail",
    indexes=[
        {"columns": ["sensor_event_key"]},
        {"columns": ["device_id", "happened_at"]},
        {"columns": ["device_id", "occurred_at"]},
        {"columns": ["branch_id", "business_date"]},
    ],
    pre_hook="{{ take_out_touched_readings(
        ref('int_sensor_readings_landed') if sensor_streams() else none
    ) }}",
    post_hook="{{ put_back_indexes() }}"
) }}

with

readings as (

    select *
    from {{ touched_rows(
        ref('int_sensor_readings_cleaned'), by=['sensor_event_key'], is_indexed=true
    ) }}
    where happened_at >= {{ since or 'happened_at' }}

),

-- a device that sends a reading again gives it the same number and the same time
numbered as (

    select
        readings.*,
        row_number() over (
            partition by
                readings.device_id,
                readings.business_date,
                readings.occurred_at,
                coalesce(readings.sequence_number, -1),
                readings.said_value
            order by readings.received_at, readings.reading_key
        ) as copy_number
    from readings
    {%- if is_incremental() %}
    where
        not exists (
            select 1 from {{ this }} as built
            where
                readings.device_id = built.device_id
                and readings.business_date = built.business_date
                and readings.occurred_at = built.occurred_at
                and coalesce(readings.sequence_number, -1) = coalesce(built.sequence_number, -1)
                and readings.said_value = built.said_value
        )
    {%- endif %}

),

final as (

    select
        -- keys
        numbered.reading_key,
        numbered.sensor_event_key,
        numbered.device_id,
        numbered.branch_id,
        numbered.business_date,
        numbered.sequence_number,

        -- measures
        numbered.reading_value,
        numbered.said_value,
        numbered.said_unit,

        -- times
        numbered.happened_at,
        numbered.occurred_at,
        numbered.received_at,
        numbered.has_wrong_clock,

        -- load
        numbered.load_id
    from numbered
    where numbered.copy_number = 1

)

select * from final
