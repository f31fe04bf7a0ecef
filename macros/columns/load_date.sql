{#- When a load began, on UTC's clock: dlt's load ids are seconds since 1970, as text.

    Args:
        load_id: SQL of the load's id. -#}
{% macro load_clock(load_id) -%}
    {%- set seconds = "floor(cast(" ~ load_id ~ " as numeric))" -%}
    {{ return(dbt.dateadd("second", seconds, "cast('1970-01-01' as timestamp)") | trim) }}
{%- endmacro %}

{#- The moment at which a load began.

    Args:
        load_id: SQL of the load's id. -#}
{% macro load_time(load_id) -%}
    {{ return(utc_time("(" ~ load_clock(load_id) ~ ")", "'UTC'")) }}
{%- endmacro %}

{#- The day on which a load began, in UTC.

    Args:
        load_id: SQL of the load's id. -#}
{% macro load_date(load_id) -%}
    cast({{ load_clock(load_id) }} as date)
{%- endmacro %}
