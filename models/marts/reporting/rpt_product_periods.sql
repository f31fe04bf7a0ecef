with

branches as (select * from {{ ref('dim_branches') }}),

periods as (select * from {{ ref('rpt_branch_periods') }}),

items as (select * from {{ ref('dim_products') }}),

product_days as (select * from {{ ref('rpt_product_days') }}),

product_periods as (

    select
        product_days.branch_id,
        product_days.currency,
        periods.branch_period_key,
        periods.period_key,
        periods.period_id,
        product_days.product_id,
        case when count(*) = count(product_days.units) then sum(product_days.units) end as units,
        sum(product_days.returned_units) as returned_units,
        sum(product_days.product_revenue) as product_revenue,
        -- if one day's cost is unknown, the sum would not be comparable with the revenue
        case
            when count(*) = count(product_days.till_cost_exact)
                then sum(product_days.till_cost_exact)
        end as till_cost
    from product_days
    inner join periods
        on
            product_days.branch_id = periods.branch_id
            and product_days.business_date between periods.first_date and periods.last_date
    group by
        product_days.branch_id, product_days.currency, periods.branch_period_key,
        periods.period_key, periods.period_id, product_days.product_id

),

final as (

    select
        -- keys
        product_periods.branch_period_key,
        product_periods.branch_id,
        product_periods.period_key,
        product_periods.period_id,
        items.product_key,
        product_periods.product_id,

        -- product, as its newest version has it
        items.sku,
        items.chain_product_id,
        items.product_name,
        items.category,
        items.size,

        -- volume
        cast(product_periods.units as numeric(14, 3)) as units,
        cast(product_periods.returned_units as numeric(14, 3)) as returned_units,

        -- money
        product_periods.currency,
        cast(product_periods.product_revenue as numeric(18, 6)) as product_revenue,
        {{ money('product_periods.till_cost', 'branches.minor_unit') }} as till_cost
    from product_periods
    inner join branches on product_periods.branch_id = branches.branch_id
    inner join items
        on
            product_periods.branch_id = items.branch_id
            and product_periods.product_id = items.product_id

)

select * from final
