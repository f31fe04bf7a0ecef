{#- The loads of a source, as dlt keeps them or we do: the whole of a model.

    Args:
        name: the source.
        part: what a load is of where the source has parts: its schema is called <name>_<part>. -#}
{% macro source_loads(name, part=none) -%}
    select
        -- keys
        cast(load_id as {{ dbt.type_string() }}) as load_id,
        {%- if part %}
        substring(schema_name, {{ name | length + 2 }}) as {{ part }},
        {%- endif %}

        -- state: a load writes 0 once every table of it is in place
        status = 0 as is_complete,

        -- times
        inserted_at as loaded_at
    from {{ source(name, "_dlt_loads") }}
{%- endmacro %}
