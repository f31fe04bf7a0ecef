{#- A value that stands for a personal one: the same for the same, and with no way back for who does
    not know the warehouse's secret salt. Null for null and for an empty text.

    A function, made by `mypizza init-warehouse`: the text of a view can be read by everybody, so the
    salt must not be in it.

    Args:
        value: SQL of the value, as text and normalised. -#}
{% macro pseudonym(value) -%}
    restricted.pseudonym(nullif({{ value }}, ''))
{%- endmacro %}
