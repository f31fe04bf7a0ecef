-- What ran out in a period, on how many days.
select
    coalesce(stock.branch_id, stock.currency) as scope_id,
    periods.period_code as period_id,
    ingredients.ingredient_name,
    count(*) as stock_out_days,
    count(distinct stock.branch_id) as branches
from marts.fct_stock_days as stock
inner join marts.dim_ingredients as ingredients
    on stock.ingredient_id = ingredients.ingredient_id
inner join marts.dim_periods as periods
    on
        stock.currency = periods.currency
        and stock.business_date between periods.first_date and periods.last_date
where stock.is_stock_out
group by
    grouping sets (
        (stock.branch_id, periods.period_code, ingredients.ingredient_name),
        (stock.currency, periods.period_code, ingredients.ingredient_name)
    )
order by scope_id, periods.period_code, stock_out_days desc, ingredients.ingredient_name
