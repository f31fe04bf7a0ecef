{#- The validity periods of an entity's versions follow each other without a gap or an overlap.

    Args:
        key: the columns that name the thing.
        from_column: from when on a version is valid.
        to_column: until when it is valid (exclusive); null for the last one.

    Returns:
        The versions whose end is not the beginning of the next. -#}
{% test no_overlap(model, key, from_column, to_column) %}

select *
from (
    select
        {{ key | join(", ") }},
        {{ from_column }},
        {{ to_column }},
        lead({{ from_column }}) over (
            partition by {{ key | join(", ") }} order by {{ from_column }}
        ) as next_from
    from {{ model }}
) as versions
where coalesce({{ to_column }} <> next_from, {{ to_column }} is null and next_from is not null)

{% endtest %}
