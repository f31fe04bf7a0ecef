{#- For facts whose rows stand for themselves: find the rows that differ from what they should be,
    and take them out of the fact. The model then builds them again from `touched_rows()`;
    docs/incremental.md says why. No watermark is kept, so nothing that is late can miss it: a
    record, a count, a rule of the quarantine, a recipe, a price in a seed.

    Args:
        complete: relation of all rows as they should be.
        key: the fact's key.
        compared: columns of both that differ where a row is to be built again; all of the fact's,
            where none are named. Of a load in flight a row has no `load_id`: it is built again by
            every build until the load is complete. -#}
{% macro take_out_touched_rows(complete, key, compared=[]) -%}
    {%- if is_incremental() -%}
        {%- set columns = (
            [key] + compared if compared
            else adapter.get_columns_in_relation(this) | map(attribute="name") | list
        ) | join(", ") -%}
        {%- set differing -%}
            select {{ key }}
            from (
                select {{ columns }} from {{ complete }} except select {{ columns }} from {{ this }}
            ) as new
            union
            select {{ key }}
            from (
                select {{ columns }} from {{ this }} except select {{ columns }} from {{ complete }}
            ) as old
            {%- if "load_id" in compared %}
            union
            select {{ key }} from {{ this }} where load_id is null
            {%- endif %}
        {%- endset -%}
        {{ adapter.dispatch("take_out")(differing, by=key) }}
    {%- endif -%}
{%- endmacro %}
