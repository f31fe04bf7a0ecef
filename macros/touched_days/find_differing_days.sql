{#- For facts that are small enough to be computed as a whole, but must not be written as a whole:
    touched days are those on which the fact, as it stands, differs from what it should be. So what
    is late or corrected reaches every day that it concerns, whatever it was: a count, a delivery, a
    sale, a rule of the quarantine, a recipe, a price in a seed. No watermark can miss it.

    A fact calls this as its pre_hook, reads `rows_of_differing_days()`, and has the strategy
    `touched_days`.

    Args:
        complete: relation with the columns of the fact: all rows as they should be. -#}
{% macro find_differing_days(complete) -%}
    {%- if is_incremental() -%}
        {{ return(adapter.dispatch("find_differing_days")(complete)) }}
    {%- endif -%}
{%- endmacro %}

{% macro postgres__find_differing_days(complete) -%}
    {%- set columns = adapter.get_columns_in_relation(this) | map(attribute="name") | join(", ") -%}
    create temporary table {{ touched("days") }} on commit drop as
    select distinct branch_id, business_date
    from (
        (select {{ columns }} from {{ complete }} except select {{ columns }} from {{ this }})
        union all
        (select {{ columns }} from {{ this }} except select {{ columns }} from {{ complete }})
    ) as differing;
    analyze {{ touched("days") }}
{%- endmacro %}

{#- The rows that such a fact is to build: those of the differing days; all where it is not there yet.

    Args:
        complete: as for `find_differing_days`. -#}
{% macro rows_of_differing_days(complete) -%}
    {%- if is_incremental() -%}
    (
        select complete.*
        from {{ complete }} as complete
        inner join {{ touched("days") }} as days
            on complete.branch_id = days.branch_id and complete.business_date = days.business_date
    )
    {%- else -%}
    {{ complete }}
    {%- endif -%}
{%- endmacro %}
