{#- For facts of orders: find the orders that new loads touch, and take them out of the fact. The
    model then builds them again from `rows_to_build()`; docs/incremental.md says why.

    An order is touched when it

    1. has a record of a load after the watermark, which per branch is the highest load in the fact
       itself. A row's `load_id` is only ever a complete load, so rows of a load in flight are
       looked at again by the next build;
    2. stands in a fact with a record that such a load brought under another order;
    3. went into quarantine, or came out of it, without a new load (a rule was mended): it is in
       the fact and should not be, or the other way round;
    4. has a line whose version of its product, as is known since, had ended before, or, in the
       last week, a line whose product was in no list, where the list has changed. (A version may
       have been found after its load, so the last load is looked at again.)

    `complete_load_id` is read first and kept: a load that ends during the build cannot raise the
    watermark above what the build has seen.

    Args:
        left_out: the types of an order's records that the fact is not made from.
        versions: relation of product versions, where they matter to the fact. -#}
{% macro take_out_touched_orders(left_out=[], versions=none) -%}
    {%- if is_incremental() -%}
        {{ return(adapter.dispatch("take_out_touched_orders")(left_out, versions)) }}
    {%- endif -%}
{%- endmacro %}

{% macro postgres__take_out_touched_orders(left_out, versions) -%}
    {#- as literals, so that the planner knows how few records are new and takes the index -#}
    {%- set watermarks = run_query(watermarks_sql(ref("int_branches_loaded"), this)) -%}
    create temporary table {{ touched("loads") }} (branch_id, complete_load_id) on commit drop as
    values
    {%- for row in watermarks %}
    ({{ sql_text(row["branch_id"]) }}, {{ sql_text(row["complete_load_id"]) }})
    {{- "," if not loop.last }}
    {%- endfor %};

    {%- set touched_orders -%}
    with new_records as (
        select * from {{ ref("int_order_records_loaded") }}
        where
            record_type not in ('{{ left_out | join("', '") }}')
            and ({{ is_new(watermarks) }})
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
    )

    select branch_id, order_id, order_key from new_records
    union
    select branch_id, order_id, order_key
    from judged_orders
    where is_held = exists (
        select 1 from {{ this }} as built where built.order_key = judged_orders.order_key
    )
    {%- for record_type, name, key in [
        ("order_lines", "fct_order_lines", "order_line_key"),
        ("payments", "fct_payments", "payment_key"),
    ] if record_type not in left_out %}
    {%- set fact = load_relation(this.incorporate(path={"identifier": name})) %}
    {%- if fact %}
    union
    select built.branch_id, built.order_id, built.order_key
    from new_records
    inner join {{ fact }} as built on new_records.record_key = built.{{ key }}
    where new_records.record_type = '{{ record_type }}' and new_records.order_key <> built.order_key
    {%- endif %}
    {%- endfor %}
    {%- if versions %}
    union
    {{ orders_of_ended_versions(versions, watermarks) }}
    {%- endif %}
    {%- endset %}
    {{ adapter.dispatch("take_out")(touched_orders, by="order_key") }}
{%- endmacro %}

{#- A query for the orders whose lines stand with a version of a product that had ended before, or
    with no product of the list.

    Args:
        versions: relation of product versions.
        watermarks: as for `is_new`. -#}
{% macro orders_of_ended_versions(versions, watermarks) -%}
    {%- set orders = load_relation(this.incorporate(path={"identifier": "fct_orders"})) -%}
    select built.branch_id, built.order_id, built.order_key
    from {{ versions }} as versions
    inner join {{ versions }} as older
        on
            versions.branch_id = older.branch_id
            and versions.product_id = older.product_id
            and versions.version_number > older.version_number
    inner join {{ this }} as built
        on
            older.product_version_key = built.product_version_key
            and built.business_date >= cast(versions.valid_from as date) - 1
    {%- if orders %}
    inner join {{ orders }} as orders
        on built.order_key = orders.order_key and orders.ordered_at >= versions.valid_from
    {%- endif %}
    where {{ is_new(watermarks, "versions.branch_id", "versions.load_id", since=">=") }}
    union
    select built.branch_id, built.order_id, built.order_key
    from (
        select distinct versions.branch_id from {{ versions }} as versions
        where
            versions.version_number = 1
            and ({{ is_new(watermarks, "versions.branch_id", "versions.load_id", since=">=") }})
    ) as renewed
    inner join {{ this }} as built on renewed.branch_id = built.branch_id
    where
        built.product_version_key = {{ unlisted_version_key("built.branch_id") }}
        and built.business_date > (
            select max(newest.business_date) - 7 from {{ this }} as newest
            where newest.branch_id = renewed.branch_id
        )
{%- endmacro %}
