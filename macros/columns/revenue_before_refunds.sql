{#- The one definition of revenue before refunds: gross, less discounts; less the tax, too, where the
    branch's prices include it. Tips are never revenue. What is subtracted from it makes the other
    revenues: see docs/dbt/figures.md.

    Args:
        gross_revenue: SQL of the money asked for the goods.
        discount_amount: SQL of what was taken off it.
        tax_amount: SQL of the tax.
        prices_include_tax: SQL that says whether gross revenue contains the tax. -#}
{% macro revenue_before_refunds(gross_revenue, discount_amount, tax_amount, prices_include_tax) -%}
    {{ gross_revenue }} - {{ discount_amount }}
    - case when {{ prices_include_tax }} then {{ tax_amount }} else 0 end
{%- endmacro %}
