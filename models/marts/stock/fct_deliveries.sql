{{ config(
    materialized="incremental",
    incremental_strategy="touched_days",
    unique_key="delivery_line_key",
    on_schema_change="fail",
    indexes=[{"columns": ["branch_id", "business_date"]}, {"columns": ["ingredient_id"]}],
    pre_hook="{{ find_differing_days(ref('int_deliveries_priced')) }}"
) }}

with

deliveries as (

    select * from {{ rows_of_differing_days(ref('int_deliveries_priced')) }} as deliveries_to_build

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
