{#- When a load began: dlt's load ids are seconds since 1970, as text.

    Args:
        load_id: SQL of the load's id. -#}
{% macro load_time(load_id) -%}
    {%- set seconds = "floor(cast(" ~ load_id ~ " as numeric))" -%}
    {%- set began = dbt.dateadd("second", seconds, "cast('1970-01-01' as timestamp)") -%}
    {{ return(utc_time("(" ~ (began | trim) ~ ")", "'UTC'")) }}
{%- endmacro %}

{#- The day on which a load began, in UTC: dlt's load ids are seconds since 1970, as text.

    Args:
        load_id: SQL of the load's id. -#}
{% macro load_date(load_id) -%}
    {%- set seconds = "floor(cast(" ~ load_id ~ " as numeric))" -%}
    cast({{ dbt.dateadd("second", seconds, "cast('1970-01-01' as timestamp)") }} as date)
{%- endmacro %}
