{{ config(
    materialized="incremental",
    incremental_strategy="append",
    unique_key="order_key",
    on_schema_change="fail",
    indexes=[
        {"columns": ["branch_id", "business_date"]},
        {"columns": ["branch_id", "load_id"]},
        {"columns": ["customer_key"]},
    ],
    pre_hook="{{ take_out_touched_orders(record_types=['order', 'line', 'payment']) }}",
    post_hook="{{ put_back_indexes() }}"
) }}

with

orders as (

    select * from {{ rows_to_build(ref('int_orders_dated')) }} as orders_to_build
    where not is_deleted

),

lines as (

    select * from {{ rows_to_build(ref('int_order_lines_dated')) }} as lines_to_build
    where is_counted

),

payments as (

    select * from {{ rows_to_build(ref('int_payments_dated')) }} as payments_to_build
    where is_counted

),

order_lines as (

    select
        branch_id,
        order_id,
        count(*) as line_count,
        sum(quantity) as unit_count,
        max(load_id) as load_id
    from lines
    group by branch_id, order_id

),

order_payments as (

    select
        branch_id,
        order_id,
        sum(refund_amount) as refund_amount,
        sum(tip_amount) as tips_amount,
        sum(received_amount) as paid_amount,
        max(load_id) as load_id
    from payments
    group by branch_id, order_id

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
    left join order_lines
        on orders.branch_id = order_lines.branch_id and orders.order_id = order_lines.order_id
    left join order_payments
        on
            orders.branch_id = order_payments.branch_id
            and orders.order_id = order_payments.order_id

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
