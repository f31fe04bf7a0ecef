{#- Large facts are incremental by touched business day: find the days that new loads touch, build
    these days again as a whole, and let them take the place of what stood there. Late rows,
    corrections and deleted records need no special case, and cost follows the change.

    A fact calls this as its pre_hook, reads through `rows_to_build()`, and has the strategy
    `touched_days`. All in one transaction:

    1. Per branch, the watermark is the highest load in the fact itself. A row's `load_id` is only
       ever a complete load, so rows of a load in flight are looked at again by the next build.
    2. Changed orders are those that have a record of a load after the watermark, and those that
       have lost such a record to another order: the facts of lines and payments, which are built
       later, still have it under the old one. An order that went into quarantine, or came out of
       it, without a new load (a rule was mended) stands in the fact when it should not, or lacks.
    3. Touched days are those under which these orders stand in the fact, and those to which they
       belong now; and those of a line whose version of its product, as is known since, had ended
       before. (A version may have been found after its load, so the last one is looked at again.)
    4. Orders to build are the changed ones, and those that stand under a touched day already.

    `complete_load_id` is read first and kept: a load that ends during the build cannot raise the
    watermark above what the build has seen.

    Args:
        dated: relation that gives each of the fact's rows its order and business date.
        record_types: which of an order's records the fact is made from.
        counts: the condition by which the fact takes a row of `dated`.
        versions: relation of product versions, where they matter to the fact.
        facts_of_records: by type of record, the fact that holds such records: its name and key. -#}
{% macro find_touched_days(
    dated, record_types, counts="is_counted", versions=none, facts_of_records={}
) -%}
    {%- if is_incremental() -%}
        {{ return(adapter.dispatch("find_touched_days")(
            dated, record_types, counts, versions, facts_of_records
        )) }}
    {%- endif -%}
{%- endmacro %}

{% macro postgres__find_touched_days(
    dated, record_types, counts, versions, facts_of_records
) -%}
    {#- as literals, so that the planner knows how few records are new and takes the index -#}
    {%- set watermarks = run_query(watermarks_sql()) -%}

    create temporary table {{ touched("loads") }} (branch_id, complete_load_id) on commit drop as
    values
    {%- for row in watermarks %}
    ({{ sql_text(row["branch_id"]) }}, {{ sql_text(row["complete_load_id"]) }})
    {{- "," if not loop.last }}
    {%- endfor %};

    create temporary table {{ touched("changed_orders") }} on commit drop as
    with new_records as (
        select * from {{ ref("int_order_records_loaded") }}
        where record_type in ('{{ record_types | join("', '") }}') and ({{ is_new(watermarks) }})
    ),

    judged_orders as (
        select
            branch_id,
            order_id,
            {{ surrogate_key("branch_id", "order_id") }} as order_key,
            count(*) > count(released_at) as is_held
        from {{ ref("quarantine") }}
        where order_id is not null
        group by branch_id, order_id
    ),

    misjudged_orders as (
        select judged_orders.*
        from judged_orders
        where is_held = exists (
            select 1 from {{ this }} as built where built.order_key = judged_orders.order_key
        )
    )

    select distinct branch_id, order_id, order_key from new_records
    union
    select branch_id, order_id, order_key from misjudged_orders where is_held
    union
    select records.branch_id, records.order_id, records.order_key
    from {{ rows_of_orders(dated, "(select * from misjudged_orders where not is_held)") }} as records
    where {{ counts }}
    {%- for record_type, (name, key) in facts_of_records.items() %}
    {%- set fact = load_relation(this.incorporate(path={"identifier": name})) %}
    {%- if fact %}
    union
    select built.branch_id, built.order_id, built.order_key
    from new_records
    inner join {{ fact }} as built on new_records.record_key = built.{{ key }}
    where new_records.record_type = '{{ record_type }}' and new_records.order_key <> built.order_key
    {%- endif %}
    {%- endfor %};
    analyze {{ touched("changed_orders") }};

    create temporary table {{ touched("days") }} on commit drop as
    select now.branch_id, now.business_date, now.order_id
    from {{ rows_of_orders(dated, touched("changed_orders")) }} as now
    union
    select built.branch_id, built.business_date, built.order_id
    from {{ this }} as built
    inner join {{ touched("changed_orders") }} as changed on built.order_key = changed.order_key
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
    cross join lateral (
        select dated.ordered_at from {{ dated }} as dated
        where dated.branch_id = built.branch_id and dated.order_id = built.order_id
        offset 0
    ) as now
    where now.ordered_at >= versions.valid_from and ({{ is_new(watermarks, "versions.", since=">=") }})
    {%- endif %};
    analyze {{ touched("days") }};

    create temporary table {{ touched("orders") }} on commit drop as
    select branch_id, order_id from {{ touched("days") }}
    union
    select built.branch_id, built.order_id
    from {{ this }} as built
    inner join (select distinct branch_id, business_date from {{ touched("days") }}) as days
        on built.branch_id = days.branch_id and built.business_date = days.business_date;
    analyze {{ touched("orders") }}
{%- endmacro %}
