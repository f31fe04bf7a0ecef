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

        -- measures
        {{ money('taxable_amount') }} as taxable_amount,
        {{ money('tax_amount') }} as tax_amount,

        -- the same, not rounded
        taxable_amount as taxable_amount_exact,
        tax_amount as tax_amount_exact,

        -- load: unknown until the load is complete
        case when load_id <= complete_load_id then load_id end as load_id
    from taxes

)

select * from final
