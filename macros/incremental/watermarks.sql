{#- Per branch: the highest load in a fact.

    Args:
        branches: relation of the branches; its other columns are there, too.
        fact: the fact. -#}
{% macro watermarks_sql(branches, fact) -%}
    select
        branches.*,
        branches.branch_id as scope,
        (
            select max(built.load_id) from {{ fact }} as built
            where built.branch_id = branches.branch_id
        ) as watermark
    from {{ branches }} as branches
{%- endmacro %}

{#- The condition that a row came with a load after the watermark.

    Args:
        watermarks: rows of scope and watermark, null where the scope has none yet.
        scope: SQL of what there is a watermark for; the branch, where nothing else is said.
        load_id: SQL of the load's id.
        since: ">", or ">=" to include the load of the watermark. -#}
{% macro is_new(watermarks, scope="branch_id", load_id="load_id", since=">") -%}
    {%- for row in watermarks -%}
        {{ scope }} = {{ sql_text(row["scope"]) }}
        {%- if row["watermark"] %} and {{ load_id }} {{ since }} {{ sql_text(row["watermark"]) }}
        {%- endif %}
        {{- " or " if not loop.last -}}
    {%- endfor -%}
{%- endmacro %}

{#- The same, where what has no watermark is new, too; all rows, where nothing has one. -#}
{% macro is_new_or_unknown(watermarks, scope="branch_id", load_id="load_id") -%}
    {%- if not watermarks -%} {{ return("1 = 1") }} {%- endif -%}
    (
        {{ is_new(watermarks, scope, load_id) }}
        or {{ scope }} not in (
            {%- for row in watermarks -%}
                {{ sql_text(row["scope"]) }} {{- ", " if not loop.last -}}
            {%- endfor -%}
        )
    )
{%- endmacro %}

{#- A value as a text literal. -#}
{% macro sql_text(value) -%}
    {%- if value is none -%} cast(null as text)
    {%- else -%} {{ dbt.string_literal(dbt.escape_single_quotes(value)) }}
    {%- endif -%}
{%- endmacro %}
