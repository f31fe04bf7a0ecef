{#- A column that some versions of a till do not have: null where it is not there.

    Args:
        relation: the name under which the query knows the record.
        column: the column.
        type: the type of its null.
        types: the types that the columns have, from `column_types`; without any, it is there. -#}
{% macro known_column(relation, column, type, types) -%}
    {%- if types and column not in types -%} cast(null as {{ type }})
    {%- else -%} {{ relation }}.{{ column }}
    {%- endif -%}
{%- endmacro %}
