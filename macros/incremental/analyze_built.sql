{#- After a table was built: let the planner know it before the next model reads it. Without
    statistics a model that joins it may take minutes instead of seconds, depending on whether
    Postgres has looked at it by itself. -#}
{% macro analyze_built() -%}
    {%- if model.config.materialized != "view" -%}
        {{ return(adapter.dispatch("analyze_built")()) }}
    {%- endif -%}
{%- endmacro %}

{% macro default__analyze_built() -%} {%- endmacro %}

{% macro postgres__analyze_built() -%} analyze {{ this }} {%- endmacro %}
