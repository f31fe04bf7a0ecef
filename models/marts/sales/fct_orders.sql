{{ config(
    materialized="incremental",
    incremental_strategy="touched_days",
    unique_key="order_key",
    on_schema_change="fail",
    indexes=[
        {"columns": ["branch_id", "business_date"]}, {"columns": ["branch_id", "load_id"]},
        {"columns": ["customer_key"]},
    ],
    pre_hook="{{ find_touched_days(
        dated=ref('int_orders_dated'),
        changes=[ref('int_orders_dated'), ref('int_order_lines_priced'), ref('int_payments_dated')],
        parts={
            'fct_order_lines': (ref('int_order_lines_priced'), 'order_line_key'),
            'fct_payments': (ref('int_payments_dated'), 'payment_key')
        }
    ) }}"
) }}

with

all_orders as (

    select * from {{ ref('int_orders_dated') }}

),

lines as (

    select * from {{ ref('int_order_lines_priced') }}

),

payments as (

    select * from {{ ref('int_payments_dated') }}

),

builds as (

    {% if is_incremental() %}
    select * from {{ touched_orders() }}
    {% else %}
    select * from {{ ref('int_branches_loaded') }}
    {% endif %}

),

orders as (

    select
        all_orders.*,
        builds.complete_load_id
    from all_orders
    inner join builds
        on
            all_orders.branch_id = builds.branch_id
            {% if is_incremental() %}
            and all_orders.order_id = builds.order_id
            {% endif %}
    where not all_orders.is_deleted

),

order_lines as (

    select
        orders.order_key,
        count(*) as line_count,
        sum(lines.quantity) as unit_count,
        max(lines.load_id) as load_id
    from orders
    inner join lines on orders.branch_id = lines.branch_id and orders.order_id = lines.order_id
    where lines.is_counted
    group by orders.order_key

),

order_payments as (

    select
        orders.order_key,
        sum(payments.refund_amount) as refund_amount,
        sum(payments.tip_amount) as tips_amount,
        sum(payments.received_amount) as paid_amount,
        max(payments.load_id) as load_id
    from orders
    inner join payments
        on orders.branch_id = payments.branch_id and orders.order_id = payments.order_id
    where payments.is_counted
    group by orders.order_key

),

-- an order without lines or payments has zeros
measured as (

    select
        orders.*,
        coalesce(order_lines.line_count, 0) as line_count,
        coalesce(order_lines.unit_count, 0) as unit_count,
        coalesce(order_payments.refund_amount, 0) as refund_amount,
        coalesce(order_payments.tips_amount, 0) as tips_amount,
        coalesce(order_payments.paid_amount, 0) as paid_amount,
        greatest(orders.load_id, order_lines.load_id, order_payments.load_id) as last_load_id
    from orders
    left join order_lines on orders.order_key = order_lines.order_key
    left join order_payments on orders.order_key = order_payments.order_key

),

final as (

    select
        -- keys
        order_key,
        branch_id,
        customer_key,
        business_date,
        order_id,
        order_number,

        -- what the order is
        channel,
        ordered_at,
        local_hour,
        is_cancelled,
        currency,

        -- measures
        cast(line_count as integer) as line_count,
        cast(unit_count as integer) as unit_count,
        gross_amount as gross_revenue,
        discount_amount,
        tax_amount,
        cast(refund_amount as numeric(12, 2)) as refund_amount,
        cast({{ net_revenue(
            'gross_amount', 'discount_amount', 'refund_amount', 'tax_amount', 'prices_include_tax'
        ) }} as numeric(12, 2)) as net_revenue,
        cast(tips_amount as numeric(12, 2)) as tips_amount,
        cast(paid_amount as numeric(12, 2)) as paid_amount,

        -- load: unknown until the load is complete
        case when last_load_id <= complete_load_id then last_load_id end as load_id
    from measured

)

select * from final
