{#- A value within a JSON column, as text; null where it is not there.

    Args:
        column: the column, or an element of `json_elements`.
        path: the names that lead to the value. -#}
{% macro json_text(column, path) -%}
    {{ return(adapter.dispatch("json_text")(column, [path] if path is string else path)) }}
{%- endmacro %}

{% macro default__json_text(column, path) -%}
    get_json_object({{ column }}, '$.{{ path | join(".") }}')
{%- endmacro %}

{% macro postgres__json_text(column, path) -%}
    cast({{ column }} as jsonb) #>> '{ {{- path | join(",") -}} }'
{%- endmacro %}

{#- What to select from for the elements of a JSON list (column element), none where it is no list.

    Args:
        column: the column. -#}
{% macro json_elements(column) -%}
    {{ return(adapter.dispatch("json_elements")(column)) }}
{%- endmacro %}

{% macro default__json_elements(column) -%}
    (select explode(from_json({{ column }}, 'array<string>')) as element) as elements
{%- endmacro %}

{% macro postgres__json_elements(column) -%}
    jsonb_array_elements(
        case when jsonb_typeof({{ column }}) = 'array' then {{ column }} else '[]' end
    ) as elements (element)
{%- endmacro %}
