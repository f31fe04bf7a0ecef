{{ config(
    materialized="incremental",
    incremental_strategy="append",
    unique_key="stock_day_key",
    on_schema_change="fail",
    indexes=[{"columns": ["branch_id", "business_date"]}, {"columns": ["ingredient_id"]}],
    pre_hook="{{ take_out_touched_rows(ref('int_stock_balanced'), key='stock_day_key') }}",
    post_hook="{{ put_back_indexes() }}"
) }}

with

stock_days as (

    select * from {{ touched_rows(ref('int_stock_balanced'), by=['stock_day_key']) }}

),

final as (

    select
        -- keys
        stock_day_key,
        branch_id,
        ingredient_id,
        business_date,
        last_count_date,

        -- quantities
        unit,
        opening_quantity,
        delivered_quantity,
        consumed_quantity,
        expected_quantity,
        counted_quantity,
        is_surplus,
        variance_quantity,
        daily_consumption,

        -- money
        currency,
        unit_cost,
        consumed_amount,
        variance_amount,

        -- the same, not rounded
        consumed_amount_exact,
        variance_amount_exact,

        -- how long it lasts
        days_of_cover,
        is_stock_out
    from stock_days

)

select * from final
