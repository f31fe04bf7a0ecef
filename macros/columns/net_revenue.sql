{#- The one definition of net revenue: gross, less discounts, less refunds; less the tax, too, where
    the branch's prices include it. Tips are never revenue.

    Args:
        gross_revenue: SQL of the money asked for the goods.
        discount_amount: SQL of what was taken off it.
        refund_amount: SQL of what was paid back, without its tax.
        tax_amount: SQL of the tax.
        prices_include_tax: SQL that says whether gross revenue contains the tax. -#}
{% macro net_revenue(
    gross_revenue, discount_amount, refund_amount, tax_amount, prices_include_tax
) -%}
    {{ gross_revenue }} - {{ discount_amount }} - {{ refund_amount }}
    - case when {{ prices_include_tax }} then {{ tax_amount }} else 0 end
{%- endmacro %}
