{{ config(
    materialized="incremental",
    incremental_strategy="touched_days",
    unique_key="order_line_key",
    on_schema_change="fail",
    indexes=[
        {"columns": ["branch_id", "business_date"]},
        {"columns": ["branch_id", "load_id"]},
        {"columns": ["order_key"]},
        {"columns": ["product_key"]},
    ],
    pre_hook="{{ find_touched_days(
        dated=ref('int_orders_dated'),
        changes=[ref('int_orders_dated'), ref('int_order_lines_priced')],
        versions=ref('int_products_versioned')
    ) }}"
) }}

with

lines as (

    select * from {{ ref('int_order_lines_priced') }}

),

builds as (

    {% if is_incremental() %}
    select * from {{ touched_orders() }}
    {% else %}
    select * from {{ ref('int_branches_loaded') }}
    {% endif %}

),

final as (

    select
        -- keys
        lines.order_line_key,
        lines.order_key,
        lines.product_key,
        lines.branch_id,
        lines.business_date,
        lines.order_id,
        lines.order_line_id,
        lines.line_number,

        -- measures
        lines.quantity,
        lines.unit_price,
        lines.gross_amount as gross_revenue,
        lines.discount_amount,
        lines.cost_amount,
        lines.currency,

        -- load: unknown until the load is complete
        case when lines.load_id <= builds.complete_load_id then lines.load_id end as load_id
    from lines
    inner join builds
        on
            lines.branch_id = builds.branch_id
            {% if is_incremental() %}
            and lines.order_id = builds.order_id
            {% endif %}
    where lines.is_counted

)

select * from final
