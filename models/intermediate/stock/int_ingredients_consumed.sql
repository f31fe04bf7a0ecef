{{ config(materialized='table') }}

with

units_sold as (select * from {{ ref('int_units_sold') }}),

recipes as (select * from {{ ref('recipes') }}),

ingredients as (select * from {{ ref('ingredients') }}),

conversions as (select * from {{ ref('unit_conversions') }}),

-- once per recipe, and not for every day on which it was cooked
portions as (

    select
        recipes.product_name,
        coalesce(recipes.size, 'one size') as size,
        recipes.ingredient_id,
        recipes.quantity * conversions.factor as quantity
    from recipes
    inner join ingredients on recipes.ingredient_id = ingredients.ingredient_id
    inner join conversions
        on recipes.unit = conversions.from_unit and ingredients.unit = conversions.to_unit

),

final as (

    select
        units_sold.branch_id,
        portions.ingredient_id,
        units_sold.business_date,
        cast(sum(units_sold.units * portions.quantity) as numeric(14, 4)) as consumed_quantity
    from units_sold
    inner join portions
        on units_sold.product_name = portions.product_name and units_sold.size = portions.size
    group by units_sold.branch_id, portions.ingredient_id, units_sold.business_date

)

select * from final
