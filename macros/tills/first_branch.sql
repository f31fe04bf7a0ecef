{#- The first branch of a till: what cannot be said to be of another one waits there.

    Args:
        source_name: the source that loads the till.
        till_id: SQL of the till. -#}
{% macro first_branch(source_name, till_id) -%}
    (
        select min(tills.branch_id)
        from {{ ref("base_audit__till_branches") }} as tills
        where tills.source_name = '{{ source_name }}' and tills.till_id = {{ till_id }}
    )
{%- endmacro %}
