{#- The instant at which a branch's wall clock shows a time.

    Args:
        local_time: SQL of a timestamp without a zone.
        time_zone: SQL of a time zone's IANA name. -#}
{% macro utc_time(local_time, time_zone) -%}
    {{ return(adapter.dispatch("utc_time")(local_time, time_zone)) }}
{%- endmacro %}

{% macro default__utc_time(local_time, time_zone) -%}
    to_utc_timestamp({{ local_time }}, {{ time_zone }})
{%- endmacro %}

{% macro postgres__utc_time(local_time, time_zone) -%}
    ({{ local_time }} at time zone {{ time_zone }})
{%- endmacro %}
