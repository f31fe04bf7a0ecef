{#- Facts of records that can change one by one: take out of the fact what does not stand any more as
    the fact has it, in the transaction that then builds whatever the fact lacks.

    A row stays only if its record still counts, came with the same complete load, and was matched
    to the same things. So changes, deletions, what went into quarantine or came out of it, a till's
    order that came later than what refers to it, and the version of the marts that is two loads
    behind are one case, and no watermark is kept. A row of a load in flight has no load: it is
    looked at again by the next build.

    A fact calls this as its pre_hook, and reads through `missing_rows()`.

    Args:
        records: relation of the records that count, with the key and load_id.
        key: the key's column, in the relation and in the fact.
        matched: columns of both that follow from other records than the row's own. -#}
{% macro take_out_changed_rows(records, key, matched=[]) -%}
    {%- if is_incremental() -%}
    delete from {{ this }}
    where {{ key }} not in (
        select built.{{ key }}
        from {{ this }} as built
        inner join {{ records }} as records
            on
                built.{{ key }} = records.{{ key }}
                and built.load_id = records.load_id
                {%- for column in matched %}
                and ({{ same("built." ~ column, "records." ~ column) }})
                {%- endfor %}
    )
    {%- endif -%}
{%- endmacro %}

{#- The condition that two values are equal, or both null. -#}
{% macro same(one, other) -%}
    {{ one }} = {{ other }} or ({{ one }} is null and {{ other }} is null)
{%- endmacro %}

{#- What such a fact builds: the records that it does not have.

    Args:
        records: relation of the records that count.
        key: the key's column, in the relation and in the fact.
        standing: relation that says at less cost which records count; each of those that the fact
            lacks is then looked up in `records` by itself. -#}
{% macro missing_rows(records, key, standing=none) -%}
    {%- if is_incremental() -%}
        {{ return(adapter.dispatch("missing_rows")(records, key, standing)) }}
    {%- else -%}
        {{ records }}
    {%- endif -%}
{%- endmacro %}

{% macro postgres__missing_rows(records, key, standing) -%}
    (
        select records.*
        from {{ standing or records }} as {{ "standing" if standing else "records" }}
        {%- if standing %}
        cross join lateral (
            select * from {{ records }} as records
            where records.{{ key }} = standing.{{ key }}
            -- keeps the planner from making a join of it
            offset 0
        ) as records
        {%- endif %}
        where not exists (
            select 1 from {{ this }} as built
            where built.{{ key }} = {{ "standing" if standing else "records" }}.{{ key }}
        )
    )
{%- endmacro %}
