{#- Large facts are incremental by touched business day: find the days that new loads touch, build
    these days again as a whole, and let them take the place of what stood there. Late rows,
    corrections and deleted records need no special case, and cost follows the change.

    A fact calls this as its pre_hook, joins `touched_orders()` where it is incremental, and has
    the strategy `touched_days`. All in one transaction:

    1. Per branch, the watermark is the highest load in the fact itself. A row's `load_id` is only
       ever a complete load, so rows of a load in flight are looked at again by the next build.
    2. Changed orders are those that have a row of a load after the watermark.
    3. Touched days are those under which these orders stand in the fact, and those to which they
       belong now; and all days since a new version of a product, where prices matter.
    4. Orders to build are the changed ones, and those that stand under a touched day already.

    `complete_load_id` is read first and kept: a load that ends during the build cannot raise the
    watermark above what the build has seen.

    Args:
        dated: relation that gives each of the fact's rows its order and business date.
        changes: relations whose new rows (`load_id`) make an order (`order_id`) a changed one.
        versions: relation of product versions, where they matter to the fact. -#}
{% macro find_touched_days(dated, changes, versions=none) -%}
    {%- if is_incremental() -%}
        {{ return(adapter.dispatch("find_touched_days")(dated, changes, versions)) }}
    {%- endif -%}
{%- endmacro %}

{% macro postgres__find_touched_days(dated, changes, versions) -%}
    {#- as literals, so that the planner knows how few rows are new and takes the index -#}
    {%- set watermarks = run_query(watermarks_sql()) -%}

    create temporary table {{ touched_days() }} on commit drop as
    with changed_orders as (
        {%- for relation in changes %}
        select branch_id, order_id, order_key from {{ relation }}
        where {{ is_new(watermarks) }}
        {{ "union" if not loop.last }}
        {%- endfor %}
    )

    select dated.branch_id, dated.business_date, changed_orders.order_id
    from {{ dated }} as dated
    inner join changed_orders
        on dated.branch_id = changed_orders.branch_id and dated.order_id = changed_orders.order_id
    union
    select built.branch_id, built.business_date, changed_orders.order_id
    from {{ this }} as built
    inner join changed_orders on built.order_key = changed_orders.order_key
    {%- if versions %}
    union
    select built.branch_id, built.business_date, cast(null as bigint)
    from {{ this }} as built
    inner join {{ versions }} as versions
        on
            built.branch_id = versions.branch_id
            and built.business_date >= cast(versions.valid_from as date) - 1
    where versions.version_number > 1 and ({{ is_new(watermarks, "versions.") }})
    {%- endif %};
    analyze {{ touched_days() }};

    create temporary table {{ touched_orders() }} on commit drop as
    select orders.branch_id, orders.order_id, loads.complete_load_id
    from (
        select branch_id, order_id from {{ touched_days() }} where order_id is not null
        union
        select built.branch_id, built.order_id
        from {{ this }} as built
        inner join {{ touched_days() }} as days
            on built.branch_id = days.branch_id and built.business_date = days.business_date
    ) as orders
    inner join (
        values
        {%- for row in watermarks %}
        ({{ sql_text(row["branch_id"]) }}, {{ sql_text(row["complete_load_id"]) }})
        {{- "," if not loop.last }}
        {%- endfor %}
    ) as loads (branch_id, complete_load_id) on orders.branch_id = loads.branch_id;
    analyze {{ touched_orders() }}
{%- endmacro %}

{#- Per branch: up to which load the fact is built, and which load is the last complete one. -#}
{% macro watermarks_sql() -%}
    select
        branch_id,
        complete_load_id,
        (
            select max(built.load_id) from {{ this }} as built
            where built.branch_id = loads.branch_id
        ) as watermark
    from {{ ref("int_branches_loaded") }} as loads
{%- endmacro %}

{#- The condition that a row came with a load after its branch's watermark.

    Args:
        watermarks: rows of branch_id and watermark, null where the branch has none yet.
        prefix: what stands before the columns, for example "orders.".
        load_id: the column of the load. -#}
{% macro is_new(watermarks, prefix="", load_id="load_id") -%}
    {%- for row in watermarks -%}
        {{ prefix }}branch_id = {{ sql_text(row["branch_id"]) }}
        {%- if row["watermark"] %} and {{ prefix }}{{ load_id }} > {{ sql_text(row["watermark"]) }}
        {%- endif %}
        {{- " or " if not loop.last -}}
    {%- endfor -%}
{%- endmacro %}

{% macro sql_text(value) -%}
    {%- if value is none -%} cast(null as text)
    {%- else -%} {{ dbt.string_literal(dbt.escape_single_quotes(value)) }}
    {%- endif -%}
{%- endmacro %}

{#- The temporary tables of a fact that is being built: its days to replace, its orders to build. -#}
{% macro touched_days() -%} {{ this.identifier }}__touched_days {%- endmacro %}

{% macro touched_orders() -%} {{ this.identifier }}__touched_orders {%- endmacro %}
