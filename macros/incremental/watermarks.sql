{#- Per branch: up to which load the fact is built, and which load is the last complete one. -#}
{% macro watermarks_sql() -%}
    select
        branch_id,
        complete_load_id,
        (
            select max(built.load_id) from {{ this }} as built
            where built.branch_id = loads.branch_id
        ) as watermark
    from {{ ref("int_branches_loaded") }} as loads
{%- endmacro %}

{#- The condition that a row came with a load after its branch's watermark.

    Args:
        watermarks: rows of branch_id and watermark, null where the branch has none yet.
        prefix: what stands before the columns, for example "orders.".
        load_id: the column of the load.
        since: ">", or ">=" to include the load of the watermark. -#}
{% macro is_new(watermarks, prefix="", load_id="load_id", since=">") -%}
    {%- for row in watermarks -%}
        {{ prefix }}branch_id = {{ sql_text(row["branch_id"]) }}
        {%- if row["watermark"] %}
            and {{ prefix }}{{ load_id }} {{ since }} {{ sql_text(row["watermark"]) }}
        {%- endif %}
        {{- " or " if not loop.last -}}
    {%- endfor -%}
{%- endmacro %}

{#- A value as a text literal. -#}
{% macro sql_text(value) -%}
    {%- if value is none -%} cast(null as text)
    {%- else -%} {{ dbt.string_literal(dbt.escape_single_quotes(value)) }}
    {%- endif -%}
{%- endmacro %}
