{#- A hash of a text as a number: the first 15 hexadecimal digits of its MD5. -#}
{% macro hashed_id(text) -%} {{ return(adapter.dispatch("hashed_id")(text)) }} {%- endmacro %}

{% macro default__hashed_id(text) -%}
    cast(conv(substring(md5({{ text }}), 1, 15), 16, 10) as bigint)
{%- endmacro %}

{% macro postgres__hashed_id(text) -%}
    cast(cast('x' || substring(md5({{ text }}), 1, 15) as bit(60)) as bigint)
{%- endmacro %}
