with

first_sales as (
    select
        branch_id,
        product_id,
        min(business_date) as first_date,
        min(min(business_date)) over (partition by branch_id) as first_of_branch,
        min(min(business_date)) over (partition by chain_product_id) as first_in_chain,
        min(min(business_date)) over () as first_of_chain
    from {{ ref('rpt_product_days') }}
    group by branch_id, product_id, chain_product_id
),

-- of several prices of one day, the last one is the day's
versions as (
    select
        products.*,
        items.product_key,
        items.product_id,
        items.chain_product_id,
        {{ business_date('products.valid_from', 'branches.time_zone', 'branches.cutover_hour') }}
            as valid_on,
        row_number() over (
            partition by items.product_key, {{ business_date(
                'products.valid_from', 'branches.time_zone', 'branches.cutover_hour'
            ) }}
            order by products.version_number desc
        ) as rank_of_day
    from {{ ref('dim_product_versions') }} as products
    inner join {{ ref('dim_products') }} as items
        on products.versioned_product_key = items.product_key
    inner join {{ ref('dim_branches') }} as branches on products.branch_id = branches.branch_id
),

priced as (
    select
        *,
        lag(unit_price) over (partition by branch_id, product_id order by version_number)
            as previous_price
    from versions
    where rank_of_day = 1
),

-- new is what neither branch nor chain has sold in its first four weeks; a day is of one price
changes as (
    select
        versions.*,
        null as previous_price,
        'new' as change_kind,
        first_sales.first_date as changed_on,
        first_sales.first_date as first_day,
        {{ dbt.dateadd('day', 56, 'first_sales.first_date') }} as end_day
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
        priced.*,
        'price' as change_kind,
        priced.valid_on as changed_on,
        greatest(
            {{ dbt.dateadd('day', -28, 'priced.valid_on') }}, first_sales.first_date,
            lag(priced.valid_on) over by_day
        ) as first_day,
        least(
            {{ dbt.dateadd('day', 28, 'priced.valid_on') }}, lead(priced.valid_on) over by_day
        ) as end_day
    from priced
    left join first_sales
        on priced.branch_id = first_sales.branch_id and priced.product_id = first_sales.product_id
    where priced.unit_price <> priced.previous_price
    window by_day as (partition by priced.branch_id, priced.product_id order by priced.valid_on)
),

-- every day of a branch, also one on which nobody has bought the product
change_days as (
    select
        changes.*,
        traded.business_date,
        cast(
            floor({{ dbt.datediff('changes.changed_on', 'traded.business_date', 'day') }} / 7.0)
            as integer
        ) as weeks_since
    from changes
    inner join {{ ref('rpt_branch_days') }} as traded
        on
            changes.branch_id = traded.branch_id
            and changes.first_day <= traded.business_date
            and changes.end_day > traded.business_date
),

final as (
    select
        -- key
        {{ dbt.concat([
            "weeks.product_version_key", "'-'", "weeks.change_kind", "'-'",
            dbt.cast("weeks.weeks_since", dbt.type_string())
        ]) }} as change_week_key,
        weeks.product_key,
        weeks.product_version_key,
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
        cast(
            case
                when count(sold.branch_id) = count(sold.units) then sum(coalesce(sold.units, 0))
            end
            as numeric(14, 3)
        ) as units,

        -- money
        weeks.currency,
        cast(weeks.previous_price as {{ var('money_type') }}) as previous_price,
        weeks.unit_price,
        cast(coalesce(sum(sold.product_revenue), 0) as numeric(18, 6)) as product_revenue
    from change_days as weeks
    left join {{ ref('rpt_product_days') }} as sold
        on
            weeks.branch_id = sold.branch_id
            and weeks.product_id = sold.product_id
            and weeks.business_date = sold.business_date
    group by
        weeks.product_version_key, weeks.product_key, weeks.branch_id, weeks.change_kind,
        weeks.changed_on, weeks.weeks_since, weeks.product_id, weeks.chain_product_id,
        weeks.product_name, weeks.size, weeks.unit_price, weeks.currency, weeks.previous_price

)

select * from final
