{#- A value that stands for a personal one: the same for the same, and with no way back for who does
    not know the warehouse's secret salt. Null for null and for an empty text.

    Args:
        value: SQL of the value, as text and normalised. -#}
{% macro pseudonym(value) -%}
    {{ return(adapter.dispatch("pseudonym")(value)) }}
{%- endmacro %}

{#- A function, made by `mypizza init-warehouse`: the text of a view can be read by everybody, so the
    salt must not stand in it. -#}
{% macro postgres__pseudonym(value) -%}
    restricted.pseudonym(nullif({{ value }}, ''))
{%- endmacro %}

{#- What is left of a name: its first letter.

    Args:
        name: SQL of the name. -#}
{% macro masked_name(name) -%}
    {{ dbt.concat(["substring(trim(" ~ name ~ "), 1, 1)", "'***'"]) }}
{%- endmacro %}
