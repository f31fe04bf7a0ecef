{#- A figure of a branch's day: 0 on a day without sales, or null if it is on the last one with sales.

    Args:
        figure: SQL of the figure on a day with sales; the day's rows are `sales`, and `so_far` is the
            window of the branch's days until then. -#}
{% macro nothing_or_unknown(figure) -%}
    case
        when sales.branch_id is not null then {{ figure }}
        when
            max(case when {{ figure }} is not null then sales.business_date end) over so_far
            = max(sales.business_date) over so_far
            then 0
    end
{%- endmacro %}
