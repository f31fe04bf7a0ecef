{#- Every model names its schema. The marts are built in `marts_next`, and the views of the schema live
    in `live_next`; only the target `live`, which builds nothing, calls them by their published names. Targets other than prod and live keep to
    schemas of their own, by prefix. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- set schema_name = custom_schema_name | default("", true) | trim -%}
    {%- if not schema_name and node.resource_type in ("model", "seed", "snapshot", "test") -%}
        {{ exceptions.raise_compiler_error(
            node.resource_type ~ " " ~ node.name ~ " has no schema: put it in a folder that "
            "dbt_project.yml gives one, or set config(schema=...)"
        ) }}
    {%- endif -%}
    {%- if not schema_name -%}
        {#- dbt's own operations make no relation -#}
        {{ target.schema }}
    {%- elif schema_name in ("marts", "live") and target.name != "live" -%}
        {{ schema_prefix() ~ schema_name }}_next
    {%- else -%}
        {{ schema_prefix() ~ schema_name }}
    {%- endif -%}
{%- endmacro %}

{#- What stands before every schema that dbt writes: nothing in production. -#}
{% macro schema_prefix() -%}
    {{ "" if target.name in ("prod", "live") else target.schema ~ "_" }}
{%- endmacro %}
