{#- The temporary tables of a fact that is being built: the days to replace, the orders to build. -#}
{% macro touched_days() -%} {{ this.identifier }}__touched_days {%- endmacro %}

{% macro touched_orders() -%} {{ this.identifier }}__touched_orders {%- endmacro %}
