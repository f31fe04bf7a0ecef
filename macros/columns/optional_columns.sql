{#- Gives the table of a seed columns that it does not have, because it, or the file, is older. They are
    empty then.

    Args:
        columns: types by name. -#}
{% macro optional_columns(columns) -%}
    {{ return(adapter.dispatch("optional_columns")(columns)) }}
{%- endmacro %}

{% macro postgres__optional_columns(columns) -%}
    alter table if exists {{ this }}
    {%- for name, type in columns.items() %}
    add column if not exists {{ name }} {{ type }} {{- "," if not loop.last }}
    {%- endfor %}
{%- endmacro %}
