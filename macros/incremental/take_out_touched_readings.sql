{#- For the readings of sensors: take out of the fact those that are older than is kept, but for each
    device's newest, and those whose event has another load or is gone. The model then builds these again,
    with all that the fact lacks. What was received earlier is not looked at.

    Args:
        landed: relation of the events' keys and loads; none, where the company has no sensors. -#}
{% macro take_out_touched_readings(landed) -%}
    {%- set devices = ref("devices") -%}
    {%- if is_incremental() -%}
        {%- set since = sensors_kept_since(this) %}
        delete from {{ this }} as old
        where
            old.happened_at < {{ since }}
            and exists (
                select 1 from {{ this }} as newer
                where newer.device_id = old.device_id and newer.happened_at > old.happened_at
            );
        {%- set touched_readings -%}
            {%- if landed %}
            select distinct coalesce(landed.sensor_event_key, built.sensor_event_key) as sensor_event_key
            from (
                select sensor_event_key, load_id from {{ landed }} where received_at >= {{ since }}
            ) as landed
            full join {{ this }} as built
                on landed.sensor_event_key = built.sensor_event_key and landed.load_id = built.load_id
            where
                built.sensor_event_key is null
                or (landed.sensor_event_key is null and built.received_at >= {{ since }})
                or built.device_id not in (select device_id from {{ devices }})
            {%- else %}
            select distinct sensor_event_key from {{ this }}
            {%- endif %}
        {%- endset -%}
        {{ adapter.dispatch("take_out")(touched_readings, by="sensor_event_key") }}
    {%- endif -%}
{%- endmacro %}

{#- For what is worked out of readings: take out what will be built again, and what is of no device any
    more. What lies before stays, though its readings are gone.

    Args:
        readings: relation of readings.
        hours: as for `sensors_kept_since`.
        ended_at: the column by which a row lies before; none, where only what is of no device goes. -#}
{% macro take_out_measured(readings, hours=0, ended_at=none) -%}
    {%- if is_incremental() -%}
        delete from {{ this }}
        where
            {%- if ended_at %}
            (
                coalesce({{ ended_at }} >= {{ sensors_kept_since(readings, hours) }}, true)
                and device_id in (select device_id from {{ readings }})
            ) or
            {%- endif %}
            device_id not in (select device_id from {{ ref("dim_devices") }})
    {%- endif -%}
{%- endmacro %}
