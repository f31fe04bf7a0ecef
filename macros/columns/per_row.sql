{#- A join that works out some columns once for each row of the query. Postgres puts the SQL of a view's
    column into each place that uses it: what is costly and used often costs as often.

    Args:
        columns: SQL by the name that it gets.
        name: under which the query knows them. -#}
{% macro once_per_row(columns, name) -%}
    cross join lateral (
        select
        {%- for column, value in columns.items() %}
            {{ value | trim }} as {{ column }}{{ "," if not loop.last }}
        {%- endfor %}
        from (select 1 as row_number) as one
        {%- if target.type == "postgres" %}
        -- keeps the planner from putting the columns where they are used
        offset 0
        {%- endif %}
    ) as {{ name }}
{%- endmacro %}
