{{ config(
    materialized="incremental",
    incremental_strategy="touched_days",
    unique_key="payment_key",
    on_schema_change="fail",
    indexes=[
        {"columns": ["branch_id", "business_date"]},
        {"columns": ["branch_id", "load_id"]},
        {"columns": ["order_key"]},
    ],
    pre_hook="{{ find_touched_days(
        dated=ref('int_payments_dated'),
        changes=[ref('int_orders_dated'), ref('int_payments_dated')]
    ) }}"
) }}

with

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

{% if is_incremental() %}

touched as (

    select distinct
        branch_id,
        business_date
    from {{ touched_days() }}

),

{% endif %}

final as (

    select
        -- keys
        payments.payment_key,
        payments.order_key,
        payments.branch_id,
        payments.business_date,
        payments.order_id,
        payments.payment_id,

        -- what the payment is
        payments.payment_method,
        payments.payment_type,
        payments.paid_at,
        payments.currency,

        -- measures
        payments.amount,
        payments.tax_amount,
        payments.tip_amount,
        payments.refund_amount,

        -- load: unknown until the load is complete
        case when payments.load_id <= builds.complete_load_id then payments.load_id end as load_id
    from payments
    inner join builds
        on
            payments.branch_id = builds.branch_id
            {% if is_incremental() %}
            and payments.order_id = builds.order_id
            {% endif %}
    {% if is_incremental() %}
    -- an order may have payments on other days, which nobody touched
    inner join touched
        on
            payments.branch_id = touched.branch_id
            and payments.business_date = touched.business_date
    {% endif %}
    where payments.is_counted

)

select * from final
