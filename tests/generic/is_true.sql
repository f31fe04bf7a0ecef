{#- Every row meets a condition. A row for which it is neither true nor false (null) passes.

    Args:
        condition: SQL over the model's columns; or over the column, where the test stands at one.

    Returns:
        The rows that do not meet it. -#}
{% test is_true(model, condition, column_name=none) %}

select * from {{ model }}
where not ({{ condition }})

{% endtest %}
