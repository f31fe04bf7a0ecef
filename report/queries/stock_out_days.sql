-- What ran out on each day, of the days that the page holds.
select
    stock.branch_id as scope_id,
    stock.business_date,
    ingredients.ingredient_name,
    1 as stock_out_days
from marts.fct_stock_days as stock
inner join marts.dim_ingredients as ingredients
    on stock.ingredient_id = ingredients.ingredient_id
inner join held_days as held on stock.branch_id = held.branch_id
where
    stock.is_stock_out
    and stock.business_date between held.first_date and held.last_date
order by stock.branch_id, stock.business_date, ingredients.ingredient_name
