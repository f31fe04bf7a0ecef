{#- The day on which a load began, in UTC: dlt's load ids are seconds since 1970, as text.

    Args:
        load_id: SQL of the load's id. -#}
{% macro load_date(load_id) -%}
    {{ return(adapter.dispatch("load_date")(load_id)) }}
{%- endmacro %}

{% macro default__load_date(load_id) -%}
    cast(timestamp_seconds(cast({{ load_id }} as double)) as date)
{%- endmacro %}

{% macro postgres__load_date(load_id) -%}
    cast(to_timestamp(cast({{ load_id }} as double precision)) at time zone 'UTC' as date)
{%- endmacro %}
