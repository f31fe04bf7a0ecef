{#- The canonical model: the views that each till system has, stg_<system>__<entity>, and their columns
    in order. A column is a name, a type, and what takes its place where a till or a row of it has
    nothing; where that is missing, a till must have the column. int_products_versioned fills what is
    null of a product.

    Args:
        entity: orders, order_lines, order_taxes, payments, products or customers. -#}
{% macro canonical_model(entity) -%}
    {%- set moment, money, rate = "timestamp with time zone", exact_type(), "numeric(9, 6)" -%}
    {%- set text, nothing = dbt.type_string(), "null" -%}
    {#- by columns of the view, so that Postgres looks up single orders -#}
    {%- set order = "cast(branch_id as " ~ text ~ "), cast(order_id as " ~ text ~ ")" -%}
    {%- set position = "row_number() over (partition by " ~ order ~ " order by order_line_id)" -%}
    {{ return({
        "orders": [
            ("order_key", text), ("branch_id", text), ("order_id", text),
            ("order_number", text, "order_id"), ("customer_key", text, nothing),
            ("customer_id", text, nothing), ("closing_id", text, nothing),
            ("channel", text, "'unknown'"), ("status", text, "'completed'"),
            ("order_kind", text, "'sale'"), ("currency", text),
            ("amounts_include_tax", "boolean", nothing), ("gross_amount", money, "0"),
            ("discount_amount", money, "0"), ("tax_amount", money, "0"),
            ("total_amount", money, nothing), ("returned_amount", money, "0"),
            ("tax_refunded", money, "0"), ("tips_amount", money, "0"), ("ordered_at", moment),
        ],
        "order_lines": [
            ("order_line_key", text), ("order_key", text), ("branch_id", text),
            ("order_line_id", text), ("order_id", text), ("line_number", "integer", position),
            ("product_id", text, nothing), ("line_kind", text, "'sale'"),
            ("description", text, nothing), ("quantity", "numeric(12, 3)"), ("unit_price", money),
            ("gross_amount", money, "quantity * unit_price"), ("discount_amount", money, "0"),
            ("tax_amount", money, nothing), ("tax_rate", rate, nothing),
            ("returned_order_line_id", text, nothing),
        ],
        "order_taxes": [
            ("order_tax_key", text), ("order_key", text), ("branch_id", text), ("order_id", text),
            ("tax_rate", rate), ("is_refund", "boolean", "false"), ("taxable_amount", money),
            ("tax_amount", money),
        ],
        "payments": [
            ("payment_key", text), ("order_key", text), ("branch_id", text), ("payment_id", text),
            ("order_id", text), ("method", text, "'unknown'"), ("payment_type", text, nothing),
            ("currency", text), ("received_amount", money), ("tax_amount", money, nothing),
            ("tip_amount", money, "0"), ("paid_at", moment),
        ],
        "products": [
            ("branch_id", text), ("product_id", text), ("sku", text, nothing),
            ("product_name", text), ("category", text, nothing), ("size", text, "'one size'"),
            ("attributes", text, nothing), ("is_active", "boolean", "true"), ("unit_price", money),
            ("unit_cost", money, nothing), ("created_at", moment, nothing),
            ("updated_at", moment, nothing),
        ],
        "customers": [
            ("customer_key", text), ("branch_id", text), ("customer_id", text),
            ("masked_name", text, nothing), ("email_hash", text, nothing),
            ("phone_hash", text, nothing), ("has_email", "boolean", "false"),
            ("has_phone", "boolean", "false"), ("preferred_language", text, nothing),
            ("accepts_marketing", "boolean", nothing), ("created_at", moment, nothing),
            ("updated_at", moment, nothing),
        ],
    }[entity] + [("deleted_at", moment), ("load_id", text)]) }}
{%- endmacro %}

{#- The columns of a view of the canonical model. The query has them under these names; what it does
    not have is named here.

    Args:
        entity: as for canonical_model.
        lacks: the columns that the query does not have. -#}
{% macro canonical_columns(entity, lacks=[]) -%}
    {%- set columns = canonical_model(entity) -%}
    {%- for name in lacks -%}
        {%- set found = columns | selectattr(0, "equalto", name) | list -%}
        {%- if not found or found[0] | length < 3 -%}
            {%- do exceptions.raise_compiler_error(
                "The view of " ~ entity ~ " cannot lack " ~ name ~ ": a till must have it, or the "
                ~ "canonical model has no such column. It has: "
                ~ columns | map("first") | join(", ") ~ "."
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for column in columns %}
    {%- set name, type, other = column[0], column[1], column[2] -%}
    {#- each has the type: a till's own line number may be text -#}
    {%- set value = other if name in lacks
        else "coalesce(cast(" ~ name ~ " as " ~ type ~ "), cast(" ~ other ~ " as " ~ type ~ "))"
            if other and other != "null" else name -%}
    cast({{ value }} as {{ type }}) as {{ name }}
    {%- if not loop.last %},
    {% endif -%}
    {%- endfor -%}
{%- endmacro %}
