{#- The id of a branch's one product for everything that it sells and that no product list has. So the
    sales of its products add up to the sales of the branch. -#}
{% macro unlisted_product() -%} (unlisted) {%- endmacro %}

{#- The key of that product.

    Args:
        branch_id: SQL of the branch's id. -#}
{% macro unlisted_product_key(branch_id) -%}
    {{ surrogate_key(branch_id, dbt.string_literal(unlisted_product())) }}
{%- endmacro %}

{#- The key of its only version.

    Args:
        branch_id: SQL of the branch's id. -#}
{% macro unlisted_version_key(branch_id) -%}
    {{ surrogate_key(branch_id, [dbt.string_literal(unlisted_product()), "1"]) }}
{%- endmacro %}

{#- That product of each branch, as a version of a product.

    Args:
        branches: the relation of the branches. -#}
{% macro unlisted_products(branches) -%}
    select
        branch_id,
        '{{ unlisted_product() }}' as product_id,
        '{{ unlisted_product() }}' as sku,
        'Not in the list of products' as product_name,
        'unsorted' as category,
        'one size' as size,
        false as is_active,
        cast(null as {{ exact_type() }}) as unit_price,
        cast(null as {{ exact_type() }}) as unit_cost,
        cast(null as {{ dbt.type_string() }}) as load_id,
        1 as version_number,
        cast('1900-01-01 00:00:00+00' as timestamp with time zone) as valid_from,
        cast(null as timestamp with time zone) as valid_to
    from {{ branches }}
{%- endmacro %}
