-- Order lines times recipes, deliveries and counts, per branch, ingredient and day, by another way
-- than the balance takes. Half a tenth of a gram per row is rounding.
with sold as (
    select
        branch_id,
        product_version_key,
        business_date,
        sum(quantity) as quantity
    from {{ ref('fct_order_lines') }}
    where line_kind = 'sale'
    group by branch_id, product_version_key, business_date
),

consumed as (
    select
        sold.branch_id,
        recipes.ingredient_id,
        sold.business_date,
        sum(sold.quantity * recipes.quantity * conversions.factor) as quantity
    from sold
    inner join {{ ref('dim_product_versions') }} as products
        on sold.product_version_key = products.product_version_key
    inner join {{ ref('recipes') }} as recipes
        on products.product_name = recipes.product_name and products.size = recipes.size
    inner join {{ ref('dim_ingredients') }} as ingredients
        on recipes.ingredient_id = ingredients.ingredient_id
    inner join {{ ref('unit_conversions') }} as conversions
        on recipes.unit = conversions.from_unit and ingredients.unit = conversions.to_unit
    group by sold.branch_id, recipes.ingredient_id, sold.business_date
),

delivered as (
    select
        branch_id,
        ingredient_id,
        business_date,
        sum(quantity) as quantity
    from {{ ref('fct_deliveries') }}
    group by branch_id, ingredient_id, business_date
),

counted as (
    select
        counts.branch_id,
        counts.ingredient_id,
        counts.business_date,
        sum(counts.counted_quantity * conversions.factor) as quantity
    from {{ ref('stg_files__stock_counts') }} as counts
    inner join {{ ref('dim_ingredients') }} as ingredients
        on counts.ingredient_id = ingredients.ingredient_id
    inner join {{ ref('unit_conversions') }} as conversions
        on counts.unit = conversions.from_unit and ingredients.unit = conversions.to_unit
    where counts.deleted_at is null
    group by counts.branch_id, counts.ingredient_id, counts.business_date
),

days as (
    select * from {{ ref('fct_stock_days') }}
),

-- what has no stock day at all is found by the full join
compared as (
    select
        coalesce(days.branch_id, consumed.branch_id) as branch_id,
        coalesce(days.ingredient_id, consumed.ingredient_id) as ingredient_id,
        coalesce(days.business_date, consumed.business_date) as business_date,
        'consumed' as figure,
        coalesce(days.consumed_quantity, 0) as in_stock_days,
        coalesce(consumed.quantity, 0) as at_its_source
    from days
    full join consumed
        on
            days.branch_id = consumed.branch_id
            and days.ingredient_id = consumed.ingredient_id
            and days.business_date = consumed.business_date
    union all
    select
        coalesce(days.branch_id, delivered.branch_id) as branch_id,
        coalesce(days.ingredient_id, delivered.ingredient_id) as ingredient_id,
        coalesce(days.business_date, delivered.business_date) as business_date,
        'delivered' as figure,
        coalesce(days.delivered_quantity, 0) as in_stock_days,
        coalesce(delivered.quantity, 0) as at_its_source
    from days
    full join delivered
        on
            days.branch_id = delivered.branch_id
            and days.ingredient_id = delivered.ingredient_id
            and days.business_date = delivered.business_date
    union all
    select
        coalesce(days.branch_id, counted.branch_id) as branch_id,
        coalesce(days.ingredient_id, counted.ingredient_id) as ingredient_id,
        coalesce(days.business_date, counted.business_date) as business_date,
        'counted' as figure,
        coalesce(days.counted_quantity, -1) as in_stock_days,
        coalesce(counted.quantity, -1) as at_its_source
    from days
    full join counted
        on
            days.branch_id = counted.branch_id
            and days.ingredient_id = counted.ingredient_id
            and days.business_date = counted.business_date
),

failures as (
    select * from compared
    where abs(in_stock_days - at_its_source) > 0.0001
)

select * from failures
