with

ingredients as (select * from {{ ref('ingredients') }}),

final as (

    select
        -- key
        ingredient_id,

        -- what the ingredient is
        ingredient_name,
        unit,
        shelf_life_days,
        reorder_level,

        -- money
        unit_cost,
        currency
    from ingredients

)

select * from final
