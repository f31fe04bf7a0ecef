{#- The day of trading that an instant belongs to: the branch's local date, where a day ends at the
    cut-over hour and not at midnight.

    Args:
        utc_time: SQL of an instant.
        time_zone: SQL of the branch's time zone.
        cutover_hour: SQL of the local hour at which the branch's day ends. -#}
{% macro business_date(utc_time, time_zone, cutover_hour) -%}
    {%- set day = dbt.dateadd("hour", "-" ~ cutover_hour, local_time(utc_time, time_zone)) -%}
    cast({{ day }} as date)
{%- endmacro %}
