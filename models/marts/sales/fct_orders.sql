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
    pre_hook="{{ take_out_touched_orders() }}",
    post_hook="{{ put_back_indexes() }}"
) }}
{%- set amounts = [
    'gross_revenue', 'discount_amount', 'tax_amount', 'revenue_before_refunds', 'order_refunds',
    'order_tax_refunds', 'order_revenue', 'order_tips', 'paid_amount', 'unpaid_amount',
] %}
{%- set revenue = revenue_before_refunds(
    'orders.gross_amount', 'orders.discount_amount', 'orders.tax_amount', 'orders.prices_include_tax'
) %}
{%- set parts = ['returned_amount', 'returned_tax', 'line_tips'] %}

with

orders as (
    select * from {{ rows_to_build(ref('int_orders_dated')) }} as orders_to_build
    where not is_deleted and not is_draft
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
        -- of money without a quantity nobody knows the units
        case
            when
                min(case when line_kind = 'sale' and gross_amount <> 0 then abs(quantity) end) = 0
                then null
            else sum(case when line_kind = 'sale' then quantity else 0 end)
        end as unit_count,
        max(load_id) as load_id
    from lines
    group by branch_id, order_id
),

order_payments as (
    select
        branch_id,
        order_id,
        sum(refund_amount) as refund_amount,
        sum(tax_refunded) as tax_refunded,
        sum(tip_amount) as tips_amount,
        sum(amount) as paid_amount,
        max(load_id) as load_id
    from payments
    group by branch_id, order_id
),

-- an order without payments has zeros; one without lines, too, if it has no money either
measured as (

    select
        orders.*,
        coalesce(order_lines.line_count, 0) as line_count,
        case
            when order_lines.branch_id is not null then order_lines.unit_count
            when orders.gross_amount = 0 then 0
        end as unit_count,
        orders.gross_amount as gross_revenue_exact,
        orders.discount_amount as discount_amount_exact,
        orders.tax_amount as tax_amount_exact,
        orders.refund_amount as returned_amount_exact,
        orders.tax_refunded as returned_tax_exact,
        orders.tips_amount as line_tips_exact,
        orders.refund_amount + coalesce(order_payments.refund_amount, 0) as order_refunds_exact,
        orders.tax_refunded + coalesce(order_payments.tax_refunded, 0)
            as order_tax_refunds_exact,
        {{ revenue }} as revenue_before_refunds_exact,
        {{ revenue }} - orders.refund_amount - coalesce(order_payments.refund_amount, 0)
            as order_revenue_exact,
        orders.tips_amount + coalesce(order_payments.tips_amount, 0) as order_tips_exact,
        coalesce(order_payments.paid_amount, 0) - orders.tips_amount as paid_amount_exact,
        {{ revenue }} + orders.tax_amount
        - orders.refund_amount - coalesce(order_payments.refund_amount, 0)
        - orders.tax_refunded - coalesce(order_payments.tax_refunded, 0)
        - coalesce(order_payments.paid_amount, 0) + orders.tips_amount as unpaid_amount_exact,
        greatest(orders.load_id, order_lines.load_id, order_payments.load_id) as last_load_id
    from orders
    left join order_lines
        on orders.branch_id = order_lines.branch_id and orders.order_id = order_lines.order_id
    left join order_payments
        on orders.branch_id = order_payments.branch_id and orders.order_id = order_payments.order_id

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
        closing_id,

        -- what the order is
        system_name,
        channel,
        ordered_at,
        local_hour,
        order_kind,
        is_cancelled,
        -- what has no lines sells something only if the till says itself how much
        is_sale and (line_count > 0 or gross_revenue_exact <> 0) as is_sale,
        prices_include_tax,
        currency,

        -- measures
        cast(line_count as integer) as line_count,
        cast(unit_count as numeric(12, 3)) as unit_count,
        {%- for amount in amounts %}
        {{ money(amount ~ '_exact') }} as {{ amount }},
        {%- endfor %}

        -- the same, not rounded, and what the till says itself
        {%- for amount in amounts + parts %}
        cast({{ amount }}_exact as {{ exact_type() }}) as {{ amount }}_exact,
        {%- endfor %}
        cast(total_amount as {{ exact_type() }}) as till_total_exact,

        -- load: unknown until the load is complete
        case when last_load_id <= complete_load_id then last_load_id end as load_id
    from measured

)

select * from final
