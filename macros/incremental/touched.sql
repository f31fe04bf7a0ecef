{#- A temporary table of the fact that is being built; it ends with the fact's transaction.

    Args:
        name: `rows` (the keys of what is taken out and built again) or `loads` (the complete ones). -#}
{% macro touched(name) -%} {{ this.identifier }}__touched_{{ name }} {%- endmacro %}
