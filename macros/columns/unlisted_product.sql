{#- The id of what a branch sells and has in no list of products, all of it together: its products
    and what is bought of them add up to the branch's sales all the same. -#}
{% macro unlisted_product() -%} (unlisted) {%- endmacro %}

{#- The key of that product, of which there is one version.

    Args:
        branch_id: SQL of the branch's id. -#}
{% macro unlisted_product_key(branch_id) -%}
    {{ surrogate_key(branch_id, [dbt.string_literal(unlisted_product()), "1"]) }}
{%- endmacro %}
