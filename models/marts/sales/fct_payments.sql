{{ config(
    materialized="incremental",
    incremental_strategy="append",
    unique_key="payment_key",
    on_schema_change="fail",
    indexes=[
        {"columns": ["branch_id", "business_date"]},
        {"columns": ["branch_id", "load_id"]},
        {"columns": ["order_key"]},
    ],
    pre_hook="{{ take_out_touched_orders(left_out=['order_lines']) }}",
    post_hook="{{ put_back_indexes() }}"
) }}
{%- set amounts = [
    'amount', 'payment_tax_amount', 'tip_amount', 'paid_back_amount', 'payment_refunds',
] %}
{%- set recorded = {'payment_refunds': 'refund_amount', 'payment_tax_amount': 'tax_amount'} %}

with

payments as (

    select * from {{ rows_to_build(ref('int_payments_dated')) }} as payments_to_build
    where is_counted

),

final as (

    select
        -- keys
        payment_key,
        order_key,
        branch_id,
        business_date,
        order_id,
        payment_id,

        -- what the payment is
        payment_method,
        method as till_method,
        payment_type,
        paid_at,
        currency,

        -- measures
        {%- for amount in amounts %}
        {{ money(recorded.get(amount, amount)) }} as {{ amount }},
        {%- endfor %}

        -- the same, not rounded
        {%- for amount in amounts %}
        cast({{ recorded.get(amount, amount) }} as {{ exact_type() }}) as {{ amount }}_exact,
        {%- endfor %}
        tax_refunded as payment_tax_refunds_exact,

        -- load: unknown until the load is complete
        case when load_id <= complete_load_id then load_id end as load_id
    from payments

)

select * from final
