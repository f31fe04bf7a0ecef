{#- dbt's own macro, for tests with a `where`; ours knows the word `__new_rows__`.

    Args:
        relation: the relation that is tested. -#}
{% macro default__get_where_subquery(relation) -%}
    {%- set where = config.get("where") or "" -%}
    {%- if "__new_rows__" in where -%}
        {%- set where = where | replace("__new_rows__", new_rows()) -%}
    {%- endif -%}
    {%- if where -%}
        (select * from {{ relation }} where {{ where }}) as tested_rows
    {%- else -%}
        {{ relation }}
    {%- endif -%}
{%- endmacro %}

{#- The condition that a row came with a load after those in the published marts.

    A test that looks at rows one by one need not look again at what was tested before it was
    published: a row that changes gets a new load. So such a test costs what the change costs.
    Without a published version, and with --full-refresh, all rows are new.

    Args:
        load_id: the column of the load. -#}
{% macro new_rows(load_id="load_id") -%}
    {%- set published = adapter.get_relation(
        target.database, schema_prefix() ~ "marts", "fct_orders"
    ) if execute and not flags.FULL_REFRESH -%}
    {%- if published -%}
        {%- set watermarks = run_query(published_watermarks_sql(published)) -%}
        {%- set known = [] -%}
        {%- for row in watermarks -%} {%- do known.append(sql_text(row["branch_id"])) -%} {%- endfor -%}
        (
            {{ is_new(watermarks, load_id=load_id) }}
            {#- all rows of a branch are new that was not there yet, or that the seed does not know #}
            or branch_id not in ({{ known | join(", ") }})
        )
    {%- else -%}
        1 = 1
    {%- endif -%}
{%- endmacro %}

{% macro published_watermarks_sql(published) -%}
    select
        branches.branch_id,
        (
            select max(orders.load_id) from {{ published }} as orders
            where orders.branch_id = branches.branch_id
        ) as watermark
    from {{ published.incorporate(path={"identifier": "dim_branches"}) }} as branches
{%- endmacro %}
