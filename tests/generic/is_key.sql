{#- A column, or several together, are a key: no value occurs twice, and none of it is null.

    Args:
        columns: the columns that together are the key; not given where the test stands at the one
            column that is.

    Returns:
        The keys that occur more than once or are incomplete, with the number of their rows. -#}
{% test is_key(model, columns=none, column_name=none) %}

{%- set key = columns or [column_name] %}

select
    {{ key | join(", ") }},
    count(*) as row_count
from {{ model }}
group by {{ key | join(", ") }}
having
    count(*) > 1
    {%- for column in key %}
    or {{ column }} is null
    {%- endfor %}

{% endtest %}
