{#- The figures of a branch in a period, each once: `rpt_branch_days` sums what is `exact`,
    `int_branch_periods_figured` and the marts that read it have all of them.

    Returns:
        Lists of names: `exact` amounts that have a column that is not rounded, all `amounts`, `units`
        of which there may be halves, `counts`, those of them that are `summed` over days, and that facts
        say of `tickets` and `posts`. And `kinds`: what a branch may record on some of its days alone, with
        the column of a day that is null where it does not. -#}
{% macro period_figures() -%}
    {%- set exact = [
        "gross_revenue", "discount_amount", "tax_amount", "tax_refunded", "tax_due",
        "revenue_before_refunds", "refund_amount", "net_revenue", "tips_amount", "taken_amount",
        "paid_back_amount", "recipe_cost", "waste", "counted_recipe_cost",
    ] -%}
    {%- set tickets = ["tickets", "answered_tickets", "first_response_minutes"] -%}
    {%- set posts = ["positive_posts", "negative_posts"] -%}
    {%- set summed = [
        "orders", "itemized_orders", "ticketed_orders", "complaints", "ordered_complaints", "ingredient_days",
        "stock_out_days", "posts",
    ] + tickets + posts -%}
    {{ return({
        "exact": exact,
        "amounts": exact + [
            "ordered_revenue", "itemized_revenue", "costed_revenue",
        ],
        "units": ["units", "ordered_units"],
        "summed": summed,
        "counts": ["guests", "new_guests", "returning_guests"] + summed,
        "tickets": tickets,
        "posts": posts,
        "kinds": {
            "order": "orders", "unit": "units", "guest": "new_guests", "cost": "recipe_cost",
            "waste": "counted_day", "stock": "ingredient_days", "ticket": "tickets",
            "post": "posts",
        },
    }) }}
{%- endmacro %}
