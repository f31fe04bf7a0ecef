-- What ran out on each day, of the days that queries/days.sql holds.
with held as (
    select
        branches.currency,
        max(periods.last_date) as last_date,
        max(periods.last_date) - cast(
            least(1100, 30000 / (select count(*) from marts.dim_branches)) as integer
        ) as before_date
    from marts.dim_branches as branches
    inner join marts.dim_periods as periods on branches.currency = periods.currency
    group by branches.currency
)

select
    stock.branch_id as scope_id,
    stock.business_date,
    ingredients.ingredient_name,
    1 as stock_out_days
from marts.fct_stock_days as stock
inner join marts.dim_ingredients as ingredients
    on stock.ingredient_id = ingredients.ingredient_id
inner join held on stock.currency = held.currency
where
    stock.is_stock_out
    and stock.business_date > held.before_date
    and stock.business_date <= held.last_date
order by stock.branch_id, stock.business_date, ingredients.ingredient_name
