{#- What to select from for the names of the time zones that the warehouse can reckon with
    (column time_zone). -#}
{% macro known_time_zones() -%} {{ return(adapter.dispatch("known_time_zones")()) }} {%- endmacro %}

{% macro postgres__known_time_zones() -%}
    (select name as time_zone from pg_timezone_names) as time_zones
{%- endmacro %}
