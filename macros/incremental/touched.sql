{#- A temporary table of the fact that is being built; it ends with the fact's transaction.

    Args:
        name: `rows` (the keys of what is touched), `extent` (whether these are few) or `loads` (the
            complete ones). -#}
{% macro touched(name) -%} {{ this.identifier }}__touched_{{ name }} {%- endmacro %}
