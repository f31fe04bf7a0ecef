{#- The feeds that are the export of a till without a database, by name. They are declared in
    .dlt/config.toml; `mypizza` hands their names on. Each has a base model, `base_exports__<feed>`,
    and nothing else needs to be told of it. -#}
{% macro till_exports() -%}
    {{ return(env_var("MYPIZZA_TILL_EXPORTS").split()) }}
{%- endmacro %}

{#- The lines of all exports that are not in quarantine; none, where there is no export. -#}
{% macro good_lines_of_all_exports() -%}
    {%- set columns = {
        "line_key": "text", "file_name": "text", "branch_id": "text", "order_id": "bigint", "order_line_id": "bigint",
        "product_id": "bigint", "ticket": "text", "article": "text", "channel": "text",
        "payment_method": "text", "quantity": "integer", "unit_price": "numeric(12, 2)",
        "tax_rate": "numeric(6, 4)", "currency": "text", "sold_at": "timestamp with time zone",
        "deleted_at": "timestamp with time zone", "load_id": "text",
    } -%}
    {%- for feed in till_exports() %}
    select {{ columns | join(", ") }}
    from {{ ref("base_exports__" ~ feed) }} as {{ feed }}
    where {{ not_in_quarantine("files", feed, "line_key") }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- else %}
    select
        {%- for column, type in columns.items() %}
        cast(null as {{ type }}) as {{ column }} {{- "," if not loop.last }}
        {%- endfor %}
    where 1 = 0
    {%- endfor %}
{%- endmacro %}
