{#- No two rows have the same values in all of the given columns, and none of them is null.

    Args:
        columns: the columns that together are the key.

    Returns:
        The keys that occur more than once or are incomplete, with the number of their rows. -#}
{% test unique_combination(model, columns) %}

select
    {{ columns | join(", ") }},
    count(*) as row_count
from {{ model }}
group by {{ columns | join(", ") }}
having
    count(*) > 1
    {%- for column in columns %}
    or {{ column }} is null
    {%- endfor %}

{% endtest %}
