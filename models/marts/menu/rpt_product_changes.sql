with

products as (

    select * from {{ ref('dim_products') }}

),

branches as (

    select * from {{ ref('dim_branches') }}

),

product_days as (

    select * from {{ ref('rpt_product_days') }}

),

branch_days as (

    select * from {{ ref('rpt_branch_days') }}

),

first_sales as (

    select
        branch_id,
        product_id,
        min(business_date) as first_date,
        min(min(business_date)) over (partition by branch_id) as first_of_branch,
        min(min(business_date)) over (partition by chain_product_id) as first_in_chain,
        min(min(business_date)) over () as first_of_chain
    from product_days
    group by branch_id, product_id, chain_product_id

),

versions as (

    select
        products.*,
        {{ business_date('products.valid_from', 'branches.time_zone', 'branches.cutover_hour') }}
            as valid_on,
        lag(products.unit_price) over (
            partition by products.branch_id, products.product_id order by products.version_number
        ) as previous_price
    from products
    inner join branches on products.branch_id = branches.branch_id

),

-- new is what neither the branch nor the chain has sold in its first four weeks
changes as (

    select
        versions.*,
        'new' as change_kind,
        first_sales.first_date as changed_on,
        0 as first_week,
        7 as last_week
    from versions
    inner join first_sales
        on
            versions.branch_id = first_sales.branch_id
            and versions.product_id = first_sales.product_id
    where
        versions.version_number = 1
        and {{ dbt.datediff('first_sales.first_of_branch', 'first_sales.first_date', 'day') }} >= 28
        and {{ dbt.datediff('first_sales.first_of_chain', 'first_sales.first_in_chain', 'day') }}
        >= 28

    union all

    select
        versions.*,
        'price' as change_kind,
        versions.valid_on as changed_on,
        -4 as first_week,
        3 as last_week
    from versions
    where versions.unit_price <> versions.previous_price

),

-- every day of a branch, also one on which nobody has bought the product
change_days as (

    select
        changes.*,
        branch_days.business_date,
        cast(
            floor(
                {{ dbt.datediff('changes.changed_on', 'branch_days.business_date', 'day') }} / 7.0
            ) as integer
        ) as weeks_since
    from changes
    inner join branch_days on changes.branch_id = branch_days.branch_id

),

final as (

    select
        -- key
        {{ dbt.concat([
            "weeks.product_key", "'-'", "weeks.change_kind", "'-'",
            dbt.cast("weeks.weeks_since", dbt.type_string())
        ]) }} as change_week_key,
        {{ surrogate_key('weeks.branch_id', 'weeks.product_id') }} as menu_item_key,
        weeks.product_key,
        weeks.branch_id,
        weeks.change_kind,
        weeks.changed_on,
        weeks.weeks_since,

        -- the product
        weeks.product_id,
        weeks.chain_product_id,
        weeks.product_name,
        weeks.size,

        -- volume
        cast(count(*) as integer) as trading_days,
        cast(coalesce(sum(sales.units), 0) as numeric(14, 3)) as units,

        -- money
        weeks.currency,
        cast(weeks.previous_price as {{ var('money_type') }}) as previous_price,
        weeks.unit_price,
        cast(coalesce(sum(sales.product_revenue), 0) as numeric(18, 6)) as product_revenue
    from change_days as weeks
    left join product_days as sales
        on
            weeks.branch_id = sales.branch_id
            and weeks.product_id = sales.product_id
            and weeks.business_date = sales.business_date
    where weeks.weeks_since between weeks.first_week and weeks.last_week
    group by
        weeks.product_key, weeks.branch_id, weeks.change_kind, weeks.changed_on, weeks.weeks_since,
        weeks.product_id, weeks.chain_product_id, weeks.product_name, weeks.size, weeks.currency,
        weeks.previous_price, weeks.unit_price

)

select * from final
