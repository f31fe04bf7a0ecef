{{ config(materialized='table') }}

with

lines as (

    select * from {{ ref('int_order_lines_priced') }}
    where is_counted and line_kind = 'sale'

),

products as (select * from {{ ref('int_products_versioned') }}),

recipes as (

    select distinct
        product_name,
        coalesce(size, 'one size') as size
    from {{ ref('recipes') }}

),

-- by version first: far fewer rows than lines, before anything is looked up
version_days as (

    select
        branch_id,
        business_date,
        product_version_key,
        sum(quantity) as units
    from lines
    group by branch_id, business_date, product_version_key

),

final as (

    select
        -- key; name and size are those at the time of sale
        version_days.branch_id,
        version_days.business_date,
        products.product_name,
        products.size,

        -- measures
        sum(version_days.units) as units,
        recipes.product_name is not null as has_recipe
    from version_days
    inner join products on version_days.product_version_key = products.product_version_key
    left join recipes
        on products.product_name = recipes.product_name and products.size = recipes.size
    group by
        version_days.branch_id,
        version_days.business_date,
        products.product_name,
        products.size,
        recipes.product_name

)

select * from final
