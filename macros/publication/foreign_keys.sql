{#- dbt's own macro: the columns and constraints in the `create table` of a contracted model,
    here without its foreign keys. `publish` adds these, all in one place: a rebuilt dimension drops those that point at it,
    and one check of a whole table costs a fraction of a check per inserted row. -#}
{% macro postgres__get_table_columns_and_constraints() -%}
    {%- set columns = adapter.render_raw_columns_constraints(raw_columns=model["columns"]) -%}
    {%- set constraints = adapter.render_raw_model_constraints(
        raw_constraints=model["constraints"] | rejectattr("type", "equalto", "foreign_key") | list
    ) -%}
    (
        {{ (columns + constraints) | join(",\n        ") }}
    )
{%- endmacro %}
