{#- What a fact of orders reads: all rows of a relation that are to be built, with
    `complete_load_id`, up to which their branch is loaded.

    Args:
        relation: relation with branch_id and order_id. -#}
{% macro rows_to_build(relation) -%}
    {%- if not execute -%}
        {#- take_out_touched_orders reads them, in a hook, where dbt looks for no dependency -#}
        {%- do ref("int_order_records_loaded") -%}
        {%- do ref("quarantine") -%}
    {%- endif -%}
    (
        select
            records.*,
            loads.complete_load_id
        from {{ touched_rows(relation, ["branch_id", "order_id"], is_indexed=true) }} as records
        inner join {{ touched("loads") if is_incremental() else ref("int_branches_loaded") }} as loads
            on records.branch_id = loads.branch_id
    )
{%- endmacro %}

{#- The rows of a relation that are to be built: the touched ones; all where these are many, or where
    the fact is built at once.

    Args:
        relation: the relation, a view or a table.
        by: the columns by which the touched rows are known.
        is_indexed: whether the tables behind the relation find such a row by an index. -#}
{% macro touched_rows(relation, by, is_indexed=false) -%}
    {%- if is_incremental() -%}
        {{ return(adapter.dispatch("touched_rows")(relation, by, is_indexed)) }}
    {%- else -%}
        {{ relation }}
    {%- endif -%}
{%- endmacro %}

{#- Only one of the two is executed: the other has a condition that is false before it begins. -#}
{% macro postgres__touched_rows(relation, by, is_indexed) -%}
    {%- set are_few = "(select are_few from " ~ touched("extent") ~ ")" -%}
    (
        {%- if is_indexed %}
        select * from {{ looked_up(relation, touched("rows"), by) }} as records
        {%- else %}
        select records.*
        from {{ relation }} as records
        inner join {{ touched("rows") }} as touched using ({{ by | join(", ") }})
        {%- endif %}
        where {{ are_few }}
        union all
        select * from {{ relation }}
        where not {{ are_few }}
    )
{%- endmacro %}

{#- The rows of a relation that belong to some keys, looked up key by key.

    Postgres plans a view that has a `with` apart from what joins it, so a join would compute the
    whole view; taken key by key, it goes down to the raw tables' indexes. That holds only for views
    that read each of their CTEs once: a CTE that is read twice is computed whole every time. Keys
    are compared as text: the ids of some tills are numbers.

    Args:
        relation: the relation.
        keys: table with the columns `by`, one row per key.
        by: the columns by which rows belong to a key. -#}
{% macro looked_up(relation, keys, by) -%}
    {{ return(adapter.dispatch("looked_up")(relation, keys, by)) }}
{%- endmacro %}

{% macro postgres__looked_up(relation, keys, by) -%}
    (
        select records.*
        from {{ keys }} as keys
        cross join lateral (
            select * from {{ relation }} as records
            where
                {%- for column in by %}
                {{ "and " if not loop.first }}cast(records.{{ column }} as text) = keys.{{ column }}
                {%- endfor %}
            -- keeps the planner from making a join of it
            offset 0
        ) as records
    )
{%- endmacro %}
