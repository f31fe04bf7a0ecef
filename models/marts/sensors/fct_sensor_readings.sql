{%- set since = sensors_kept_since(this) %}
{{ config(
    materialized="incremental",
    incremental_strategy="append",
    unique_key="event_key",
    on_schema_change="fail",
    indexes=[
        {"columns": ["device_id", "happened_at"]},
        {"columns": ["device_id", "occurred_at"]},
        {"columns": ["branch_id", "business_date"]},
    ],
    pre_hook="{{ take_out_touched_readings(ref('int_sensor_readings_cleaned')) }}",
    post_hook="{{ put_back_indexes() }}"
) }}

with

readings as (

    select * from {{ touched_rows(ref('int_sensor_readings_cleaned'), by=['event_key']) }}
    {%- if is_incremental() %}
    where happened_at >= {{ since }}
    {%- endif %}

),

-- a device that sends a reading again gives it the same number and the same time
numbered as (

    select
        readings.*,
        row_number() over (
            partition by
                device_id,
                business_date,
                occurred_at,
                coalesce(sequence_number, -1),
                said_value
            order by received_at, event_key
        ) as copy_number
    from readings

),

final as (

    select
        -- keys
        numbered.event_key,
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
    {%- if is_incremental() %}
    left join {{ this }} as built
        on
            numbered.device_id = built.device_id
            and numbered.business_date = built.business_date
            and numbered.occurred_at = built.occurred_at
            and coalesce(numbered.sequence_number, -1) = coalesce(built.sequence_number, -1)
            and numbered.said_value = built.said_value
    {%- endif %}
    where
        numbered.copy_number = 1
        {%- if is_incremental() %}
        and built.event_key is null
        {%- endif %}

)

select * from final
