{#- A temporary table of the fact that is being built.

    Args:
        name: `loads` (the complete ones), `changed_orders`, `days` (to be replaced) or `orders`
            (to be built). -#}
{% macro touched(name) -%} {{ this.identifier }}__touched_{{ name }} {%- endmacro %}
