{#- A key for the whole company: the branch's id and the id that is local to it, as text.
    Null where one of them is null.

    Args:
        branch_id: SQL of the branch's id.
        local_ids: SQL of one local id, or of several. -#}
{% macro surrogate_key(branch_id, local_ids) -%}
    {%- set parts = [branch_id] -%}
    {%- for local_id in ([local_ids] if local_ids is string else local_ids) -%}
        {%- do parts.extend(["'-'", dbt.cast(local_id, api.Column.translate_type("string"))]) -%}
    {%- endfor -%}
    {{ dbt.concat(parts) }}
{%- endmacro %}
