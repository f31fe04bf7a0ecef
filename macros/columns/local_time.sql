{#- The wall clock's time at a branch, as a timestamp without a zone.

    Args:
        utc_time: SQL of an instant.
        time_zone: SQL of a time zone's IANA name. -#}
{% macro local_time(utc_time, time_zone) -%}
    {{ return(adapter.dispatch("local_time")(utc_time, time_zone)) }}
{%- endmacro %}

{% macro default__local_time(utc_time, time_zone) -%}
    from_utc_timestamp({{ utc_time }}, {{ time_zone }})
{%- endmacro %}

{% macro postgres__local_time(utc_time, time_zone) -%}
    ({{ utc_time }} at time zone {{ time_zone }})
{%- endmacro %}
