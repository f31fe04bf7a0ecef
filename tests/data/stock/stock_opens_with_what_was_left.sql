-- The opening is what the day before was counted at, or else should have had: so, too, after a
-- surplus that is not believed.
with days as (
    select
        *,
        lag(business_date) over by_day as day_before,
        lag(coalesce(counted_quantity, expected_quantity)) over by_day as left_over,
        lag(case when is_surplus then expected_quantity end) over by_day as left_over_by_the_book
    from {{ ref('fct_stock_days') }}
    window by_day as (partition by branch_id, ingredient_id order by business_date)
),

failures as (
    select * from days
    where
        business_date - day_before <> 1
        or (
            opening_quantity is distinct from left_over
            and opening_quantity is distinct from coalesce(left_over_by_the_book, left_over)
        )
)

select * from failures
