{#- A column in another type, and null where its value cannot be read as that type: no record stops
    a build. Why it could not be read is said by `unreadable`.

    Args:
        column: the column.
        type: the type to read it as, for example "numeric(12, 2)".
        types: the types that the columns have, from `column_types`; where a column has the type
            already, nothing needs to be tried. -#}
{% macro safe_cast(column, type, types={}) -%}
    {{ return(adapter.dispatch("safe_cast_of_known_type")(column, type, types.get(column, ""))) }}
{%- endmacro %}

{% macro default__safe_cast_of_known_type(column, type, known_type) -%}
    {{ dbt.safe_cast(column, type) }}
{%- endmacro %}

{% macro postgres__safe_cast_of_known_type(column, type, known_type) -%}
    {%- set is_number = known_type.startswith("numeric") or known_type == "bigint" -%}
    {%- if type == "numeric" and is_number -%}
        nullif(cast({{ column }} as numeric), 'NaN')
    {%- elif known_type == type or (known_type == "character varying" and type == "text") -%}
        cast({{ column }} as {{ type }})
    {%- elif is_number and largest_value(type) -%}
        cast(
            case
                when {{ column }} between -{{ largest_value(type) }} and {{ largest_value(type) }}
                    then {{ column }}
            end as {{ type }}
        )
    {%- elif known_type == "double precision" and largest_value(type) -%}
        {#- by way of its text: a direct cast keeps 15 digits of the 17 that a double may have -#}
        cast(
            cast(
                case
                    when
                        {{ column }} > -{{ largest_value(type) }}
                        and {{ column }} < {{ largest_value(type) }}
                        then {{ column }}
                end as text
            ) as {{ type }}
        )
    {%- else -%}
        {{ dbt.safe_cast(column, type) }}
    {%- endif -%}
{%- endmacro %}

{#- dbt's own macro, for Postgres: without it every value that cannot be read is an error. -#}
{% macro postgres__safe_cast(field, type) -%}
    {%- if type == "ARRAY" -%}
        {#- what Postgres' catalog, and so dbt's unit tests, call every array; ours are of reasons -#}
        {{ return("cast(" ~ field ~ " as text[])") }}
    {%- endif -%}
    {%- set text = "cast(" ~ field ~ " as text)" -%}
    cast(
        case
            when
                pg_input_is_valid({{ text }}, '{{ type }}')
                {#- and as a person writes it: not NaN, which makes every sum NaN, 1_000 or 0x10 #}
                {{- " and " ~ text ~ " ~ '^\\s*[-+]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][-+]?[0-9]+)?\\s*$'"
                    if type.startswith("numeric") or type in ("integer", "bigint") }}
                then {{ text }}
        end as {{ type }}
    )
{%- endmacro %}

{#- The largest value of a type of number, as SQL; none for other types. -#}
{% macro largest_value(type) -%}
    {%- if type in ("integer", "bigint") -%}
        {{ return({"integer": "2147483647", "bigint": "9223372036854775807"}[type]) }}
    {%- elif type.startswith("numeric(") -%}
        {%- set digits, places = type[8:-1].split(",") -%}
        {%- set places = places | int -%}
        {{ return("9" * (digits | int - places) ~ "." ~ "9" * places) }}
    {%- endif -%}
{%- endmacro %}

{#- The types of a relation's columns, by name; none where there is no relation yet.

    Args:
        relation: the relation. -#}
{% macro column_types(relation) -%}
    {%- set columns = adapter.get_columns_in_relation(relation) if execute else [] -%}
    {{ return(dict(zip(columns | map(attribute="name"), columns | map(attribute="dtype")))) }}
{%- endmacro %}
