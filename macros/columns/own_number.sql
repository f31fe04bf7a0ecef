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

{#- A query of the orders by the till's own number, each branch's apart. A number that a branch has
    twice is nobody's.

    Args:
        orders: relation or CTE of orders, with `branch_id`, `order_number` and `order_key`. -#}
{% macro orders_by_own_number(orders) -%}
    select
        branch_id,
        {{ own_number('order_number', 'branch_id') }} as own_number,
        min(order_key) as order_key
    from {{ orders }}
    group by branch_id, {{ own_number('order_number', 'branch_id') }}
    having count(*) = 1
{%- endmacro %}
