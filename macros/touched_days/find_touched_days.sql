{#- Large facts are incremental by touched business day: find the days that new loads touch, build
    these days again as a whole, and let them take the place of what stood there. Late rows,
    corrections and deleted records need no special case, and cost follows the change.

    A fact calls this as its pre_hook, joins `touched_orders()` where it is incremental, and has
    the strategy `touched_days`. All in one transaction:

    1. Per branch, the watermark is the highest load in the fact itself. A row's `load_id` is only
       ever a complete load, so rows of a load in flight are looked at again by the next build.
    2. Changed orders are those that have a row of a load after the watermark, and those that have
       lost such a row to another order: under them it still stands in the facts of lines and
       payments, which are built later.
    3. Touched days are those under which these orders stand in the fact, and those to which they
       belong now; and those on which a line has a version of its product that, as is known
       since, had ended. (A version may have been found after its load: the last one is included.)
    4. Orders to build are the changed ones, and those that stand under a touched day already.

    `complete_load_id` is read first and kept: a load that ends during the build cannot raise the
    watermark above what the build has seen.

    Args:
        dated: relation that gives each of the fact's rows its order and business date.
        changes: relations whose new rows (`load_id`) make an order (`order_id`) a changed one.
        versions: relation of product versions, where they matter to the fact.
        parts: for each fact that holds parts of orders, its name: the relation that it is built
            from, and its key. -#}
{% macro find_touched_days(dated, changes, versions=none, parts={}) -%}
    {%- if is_incremental() -%}
        {{ return(adapter.dispatch("find_touched_days")(dated, changes, versions, parts)) }}
    {%- endif -%}
{%- endmacro %}

{% macro postgres__find_touched_days(dated, changes, versions, parts) -%}
    {#- as literals, so that the planner knows how few rows are new and takes the index -#}
    {%- set watermarks = run_query(watermarks_sql()) -%}

    create temporary table {{ touched_days() }} on commit drop as
    with changed_orders as (
        {%- for relation in changes %}
        select branch_id, order_id, order_key from {{ relation }}
        where {{ is_new(watermarks) }}
        {{ "union" if not loop.last }}
        {%- endfor %}
        {%- for fact, (source_relation, key) in parts.items() %}
        {%- set fact_relation = load_relation(this.incorporate(path={"identifier": fact})) %}
        {%- if fact_relation %}
        union
        select built.branch_id, built.order_id, built.order_key
        from {{ fact_relation }} as built
        inner join {{ source_relation }} as moved on built.{{ key }} = moved.{{ key }}
        where built.order_key <> moved.order_key and ({{ is_new(watermarks, "moved.") }})
        {%- endif %}
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
    select built.branch_id, built.business_date, built.order_id
    from {{ versions }} as versions
    inner join {{ versions }} as older
        on
            versions.branch_id = older.branch_id
            and versions.product_id = older.product_id
            and versions.version_number > older.version_number
    inner join {{ this }} as built
        on
            older.product_key = built.product_key
            and built.business_date >= cast(versions.valid_from as date) - 1
    inner join {{ dated }} as dated
        on
            built.branch_id = dated.branch_id
            and built.order_id = dated.order_id
            and dated.ordered_at >= versions.valid_from
    where {{ is_new(watermarks, "versions.", since=">=") }}
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
