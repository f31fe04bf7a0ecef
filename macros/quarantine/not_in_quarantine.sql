{#- The condition that keeps staging to good records. What is deleted at its source is not in
    quarantine: it stays in staging with its mark.

    `not in`, because of Postgres' estimates: it takes half of the rows to pass, where it would take
    none to pass a `not exists` on a small table, and plan everything after it for a single row.

    Args:
        source_name: the source system.
        table_name: the record's table, or several; none where the key names it.
        record_key: SQL of the record's key, company-wide; never null. -#}
{% macro not_in_quarantine(source_name, table_name, record_key) -%}
    {{ record_key }} not in (
        select record_key from {{ ref("quarantine") }}
        where
            source_name = '{{ source_name }}'
            {%- if table_name %}
            and table_name in (
                '{{ ([table_name] if table_name is string else table_name) | join("', '") }}'
            )
            {%- endif %}
            and released_at is null
    )
{%- endmacro %}
