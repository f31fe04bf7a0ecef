with

counts as (

    select * from {{ ref('stg_files__stock_counts') }}
    where deleted_at is null

),

ingredients as (select * from {{ ref('ingredients') }}),

conversions as (select * from {{ ref('unit_conversions') }}),

-- an ingredient on several lines is on several shelves
final as (

    select
        counts.branch_id,
        counts.ingredient_id,
        counts.business_date,
        cast(sum(counts.counted_quantity * conversions.factor) as numeric(14, 4))
            as counted_quantity
    from counts
    inner join ingredients on counts.ingredient_id = ingredients.ingredient_id
    inner join conversions
        on counts.unit = conversions.from_unit and ingredients.unit = conversions.to_unit
    group by counts.branch_id, counts.ingredient_id, counts.business_date

)

select * from final
