{#- SQL of the till's own number of an order: without the branch, which we put before it where a till's
    numbers are its own alone. Web shops and reviewers know the number on the receipt.

    Args:
        number: SQL of the order's number.
        branch_id: SQL of the branch. -#}
{% macro own_number(number, branch_id) -%}
    case
        when left({{ number }}, length({{ branch_id }}) + 1) = {{ dbt.concat([branch_id, "'-'"]) }}
            then substring({{ number }}, length({{ branch_id }}) + 2)
        else {{ number }}
    end
{%- endmacro %}
