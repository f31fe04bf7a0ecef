{{ config(
    materialized="incremental",
    incremental_strategy="append",
    unique_key="order_tax_key",
    on_schema_change="fail",
    indexes=[
        {"columns": ["branch_id", "business_date"]},
        {"columns": ["branch_id", "load_id"]},
        {"columns": ["order_key"]},
    ],
    pre_hook="{{ take_out_touched_orders() }}",
    post_hook="{{ put_back_indexes() }}"
) }}

with

taxes as (

    select * from {{ rows_to_build(ref('int_order_taxes_dated')) }} as taxes_to_build
    where is_counted

),

final as (

    select
        -- keys
        order_tax_key,
        order_key,
        branch_id,
        business_date,
        order_id,

        -- the tax
        tax_rate,
        is_refund,
        currency,

        -- measures: what was sold, and what was given back
        {%- for tax in ['taxable', 'tax'] %}
        {{ money('case when is_refund then 0 else ' ~ tax ~ '_amount end') }} as {{ tax }}_amount,
        {{ money('case when is_refund then ' ~ tax ~ '_amount else 0 end') }} as {{ tax }}_refunded,
        {%- endfor %}

        -- the same, not rounded
        {%- for tax in ['taxable', 'tax'] %}
        cast(
            case when is_refund then 0 else {{ tax }}_amount end as {{ exact_type() }}
        ) as {{ tax }}_amount_exact,
        cast(
            case when is_refund then {{ tax }}_amount else 0 end as {{ exact_type() }}
        ) as {{ tax }}_refunded_exact,
        {%- endfor %}

        -- load: unknown until the load is complete
        case when load_id <= complete_load_id then load_id end as load_id
    from taxes

)

select * from final
