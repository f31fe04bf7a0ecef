{{ config(materialized='table') }}

with

units_sold as (

    select * from {{ ref('int_units_sold') }}

),

recipes as (

    select * from {{ ref('recipes') }}

),

ingredients as (

    select * from {{ ref('ingredients') }}

),

conversions as (

    select * from {{ ref('unit_conversions') }}

),

final as (

    select
        units_sold.branch_id,
        recipes.ingredient_id,
        units_sold.business_date,
        cast(sum(units_sold.units * recipes.quantity * conversions.factor) as numeric(14, 4))
            as consumed_quantity
    from units_sold
    inner join recipes
        on units_sold.product_name = recipes.product_name and units_sold.size = recipes.size
    inner join ingredients on recipes.ingredient_id = ingredients.ingredient_id
    inner join conversions
        on recipes.unit = conversions.from_unit and ingredients.unit = conversions.to_unit
    group by units_sold.branch_id, recipes.ingredient_id, units_sold.business_date

)

select * from final
