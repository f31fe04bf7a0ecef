{{ config(
    materialized="incremental",
    incremental_strategy="append",
    unique_key="delivery_line_key",
    on_schema_change="fail",
    indexes=[{"columns": ["branch_id", "business_date"]}, {"columns": ["ingredient_id"]}],
    pre_hook="{{ take_out_touched_rows(ref('int_deliveries_priced'), key='delivery_line_key') }}",
    post_hook="{{ put_back_indexes() }}"
) }}

with

deliveries as (

    select * from {{ touched_rows(ref('int_deliveries_priced'), by=['delivery_line_key']) }}

),

final as (

    select
        -- keys
        delivery_line_key,
        branch_id,
        ingredient_id,
        business_date,
        delivery_id,

        -- what was delivered
        quantity,
        unit,
        best_before_date,

        -- money
        unit_price,
        amount,
        currency
    from deliveries

)

select * from final
