with

deliveries as (

    select * from {{ ref('stg_files__stock_deliveries') }}
    where deleted_at is null

),

ingredients as (select * from {{ ref('ingredients') }}),

conversions as (select * from {{ ref('unit_conversions') }}),

currencies as (select * from {{ ref('currencies') }}),

final as (

    select
        -- keys
        deliveries.delivery_line_key,
        deliveries.branch_id,
        deliveries.ingredient_id,
        deliveries.business_date,
        deliveries.delivery_id,

        -- what was delivered, in the ingredient's own unit
        cast(deliveries.quantity * conversions.factor as numeric(14, 4)) as quantity,
        ingredients.unit,
        deliveries.best_before_date,

        -- money
        cast(deliveries.unit_price / conversions.factor as {{ exact_type() }}) as unit_price,
        {{ money(
            'deliveries.quantity * deliveries.unit_price', 'coalesce(currencies.minor_unit, 2)'
        ) }} as amount,
        deliveries.currency
    from deliveries
    inner join ingredients on deliveries.ingredient_id = ingredients.ingredient_id
    inner join conversions
        on deliveries.unit = conversions.from_unit and ingredients.unit = conversions.to_unit
    left join currencies on deliveries.currency = currencies.currency

)

select * from final
