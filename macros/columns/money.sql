{#- Exact amounts of money are kept as `exact_type` says; what is shown is rounded once, to the
    places of its currency (seeds/currencies.csv), and has the type of `vars.money_type`. -#}
{% macro exact_type() -%} numeric(20, 8) {%- endmacro %}

{#- What a line of an export may be worth: less, so that what is made from it has the type above. -#}
{% macro line_amount_type() -%} {{ return("numeric(19, 8)") }} {%- endmacro %}

{#- An amount as it is shown.

    Args:
        amount: SQL of the exact amount.
        places: SQL of the places of its currency. -#}
{% macro money(amount, places="minor_unit") -%}
    cast({{ adapter.dispatch("rounded")(amount, places) }} as {{ var("money_type") }})
{%- endmacro %}

{% macro default__rounded(amount, places) -%}
    case {{ places }}
        when 0 then round({{ amount }}, 0) when 3 then round({{ amount }}, 3)
        else round({{ amount }}, 2)
    end
{%- endmacro %}

{% macro postgres__rounded(amount, places) -%} round({{ amount }}, {{ places }}) {%- endmacro %}
