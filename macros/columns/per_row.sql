{#- A join that works out some columns once for each row of the query. Postgres puts the SQL of a view's
    column into each place that uses it: what is costly and used often costs as often.

    Args:
        columns: SQL by the name that it gets.
        name: under which the query knows them. -#}
{% macro once_per_row(columns, name) -%}
    {{ return(adapter.dispatch("once_per_row")(columns, name)) }}
{%- endmacro %}

{% macro default__once_per_row(columns, name) -%}
    cross join lateral (
        select
        {%- for column, value in columns.items() %}
            {{ value | trim }} as {{ column }}{{ "," if not loop.last }}
        {%- endfor %}
    ) as {{ name }}
{%- endmacro %}

{% macro postgres__once_per_row(columns, name) -%}
    cross join lateral (
        select
        {%- for column, value in columns.items() %}
            {{ value | trim }} as {{ column }}{{ "," if not loop.last }}
        {%- endfor %}
        -- keeps the planner from putting the columns where they are used
        offset 0
    ) as {{ name }}
{%- endmacro %}
