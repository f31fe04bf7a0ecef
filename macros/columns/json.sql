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
    cast({{ column }} as jsonb) #>> '{ {{- path | join(",") | replace("'", "''") -}} }'
{%- endmacro %}

{#- The same, where SQL says the place: names with dots between them. -#}
{% macro json_at(column, place) -%}
    {{ return(adapter.dispatch("json_at")(column, place)) }}
{%- endmacro %}

{% macro default__json_at(column, place) -%}
    get_json_object({{ column }}, concat('$.', {{ place }}))
{%- endmacro %}

{% macro postgres__json_at(column, place) -%}
    cast({{ column }} as jsonb) #>> string_to_array({{ place }}, '.')
{%- endmacro %}

{#- Values of a group that are not null, as an array. -#}
{% macro array_of(column) -%}
    {{ return(adapter.dispatch("array_of")(column)) }}
{%- endmacro %}

{% macro default__array_of(column) -%} collect_list({{ column }}) {%- endmacro %}

{% macro postgres__array_of(column) -%} array_remove(array_agg({{ column }}), null) {%- endmacro %}

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

{#- What to select from for the elements of a list that a file holds as JSON text (columns element and
    position, from 1), none where it is no list.

    Args:
        column: the column.
        name: what the query calls an element. -#}
{% macro json_list(column, name="elements") -%}
    {{ return(adapter.dispatch("json_list")(column, name)) }}
{%- endmacro %}

{% macro default__json_list(column, name) -%}
    (
        select
            pos + 1 as position,
            element
        from (select posexplode(from_json({{ column }}, 'array<string>')) as (pos, element))
    ) as {{ name }}
{%- endmacro %}

{% macro postgres__json_list(column, name) -%}
    jsonb_array_elements(
        case
            when
                pg_input_is_valid({{ column }}, 'jsonb')
                and jsonb_typeof(cast({{ column }} as jsonb)) = 'array'
                then cast({{ column }} as jsonb)
            else '[]'
        end
    ) with ordinality as {{ name }} (element, position)
{%- endmacro %}

{#- A value within a column that a file holds as JSON text, as text; null where it is not there, or the
    column holds no JSON.

    Args:
        column: the column.
        path: the names that lead to the value. -#}
{% macro landed_json(column, path) -%}
    {{ json_text(dbt.safe_cast(column, "jsonb" if target.type == "postgres" else "string"), path) }}
{%- endmacro %}
