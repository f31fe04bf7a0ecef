{#- The streams that are the readings of sensors; none, where the company has no streams. -#}
{% macro sensor_streams() -%}
    {{ return(var("sensor_streams", []) if "streams" in var("systems") else []) }}
{%- endmacro %}

{#- The reasons why a message of sensors cannot be a reading. The query knows its device in
    seeds/devices.csv as `devices`. -#}
{% macro sensor_checks() -%}
    {%- if not sensor_streams() -%} {{ return([]) }} {%- endif -%}
    {%- set is_reading = "timed.stream in ('" ~ sensor_streams() | join("', '") ~ "') and " -%}
    {%- set unit = "upper(replace(coalesce(" ~ json_text("timed.body", "unit")
        ~ ", devices.unit), '°', ''))" -%}
    {{ return([
        reason_where(is_reading ~ "devices.device_id is null",
            "device: is no device of seeds/devices.csv"),
        reason_where(is_reading ~ "coalesce(" ~ safe_cast(
            json_text("timed.body", "value"), "numeric(12, 4)"
        ) ~ ", 10001) not between -10000 and 10000", "value: is no number that a sensor measures"),
        reason_where(is_reading ~ "devices.metric = 'temperature' and " ~ unit
            ~ " not in ('C', 'F', 'K')", "unit: is no unit of temperature"),
        reason_where(is_reading ~ "devices.metric <> 'temperature' and " ~ unit
            ~ " <> upper(devices.unit)", "unit: is not that of the device"),
    ]) }}
{%- endmacro %}

{#- The moment from which on readings are kept: so many whole days before the newest one. None where a
    fact is built from scratch: then all are there, until the next build.

    Args:
        relation: relation of readings.
        hours: so much later: what is worked out of readings needs those before. -#}
{% macro sensors_kept_since(relation, hours=0) -%}
    {%- if not execute or not is_incremental() -%} {{ return(none) }} {%- endif -%}
    {%- set newest = run_query("select max(received_at) from " ~ relation)[0][0] -%}
    {%- set since = "2000-01-01 00:00:00+00" -%}
    {%- if newest -%}
        {%- set since = newest.replace(minute=0, second=0, microsecond=0)
            - modules.datetime.timedelta(days=var("sensor_readings_kept_days", 90), hours=-hours) -%}
    {%- endif -%}
    {{ return("cast('" ~ since ~ "' as timestamp with time zone)") }}
{%- endmacro %}
