-- A recipe whose unit cannot be converted would consume nothing, silently.
with recipes as (
    select * from {{ ref('recipes') }}
),

failures as (
    select recipes.*
    from recipes
    inner join {{ ref('ingredients') }} as ingredients
        on recipes.ingredient_id = ingredients.ingredient_id
    left join {{ ref('unit_conversions') }} as conversions
        on recipes.unit = conversions.from_unit and ingredients.unit = conversions.to_unit
    where conversions.factor is null
)

select * from failures
