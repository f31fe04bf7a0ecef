-- The report's money is that of the stock days; it is null if something is unknown.
with stock as (
    select
        branch_id,
        business_date,
        sum(consumed_amount_exact) as recipe_cost,
        sum(variance_amount_exact) as waste
    from {{ ref('fct_stock_days') }}
    group by branch_id, business_date
),

failures as (
    select
        branch_days.branch_id,
        branch_days.business_date,
        branch_days.recipe_cost_exact,
        stock.recipe_cost as food_cost_of_stock,
        branch_days.waste_exact,
        stock.waste as waste_of_stock
    from {{ ref('rpt_branch_days') }} as branch_days
    left join stock
        on
            branch_days.branch_id = stock.branch_id
            and branch_days.business_date = stock.business_date
    where
        branch_days.recipe_cost_exact <> coalesce(stock.recipe_cost, 0)
        or coalesce(branch_days.waste_exact, 0) <> coalesce(stock.waste, 0)
)

select * from failures
