-- What each product brought in each period, and its place on the menu after Kasavana and Smith.
-- Periods of the calendar are made of months, the last days of days.
with sold as (
    select
        months.branch_id,
        months.currency,
        periods.period_id,
        months.product_id,
        months.units,
        months.net_revenue,
        months.cost_amount
    from marts.rpt_product_months as months
    inner join marts.dim_periods as periods
        on
            months.currency = periods.currency
            and months.month_start between periods.first_date and periods.last_date
    where not periods.is_previous and periods.kind <> 'rolling'

    union all

    select
        days.branch_id,
        days.currency,
        periods.period_id,
        days.product_id,
        days.units,
        days.net_revenue,
        days.cost_amount
    from marts.rpt_product_days as days
    inner join marts.dim_periods as periods
        on
            days.currency = periods.currency
            and days.business_date between periods.first_date and periods.last_date
    where not periods.is_previous and periods.kind = 'rolling'
),

branch_products as (
    select
        branch_id,
        currency,
        period_id,
        product_id,
        sum(units) as units,
        sum(net_revenue) as net_revenue,
        case when count(*) = count(cost_amount) then sum(cost_amount) end as cost_amount
    from sold
    group by branch_id, currency, period_id, product_id
),

products as (
    select
        coalesce(sold.branch_id, sold.currency) as scope_id,
        sold.period_id,
        products.sku,
        min(products.product_name) as product_name,
        min(products.size) as size,
        min(products.category) as category,
        sum(sold.units) as units,
        sum(sold.net_revenue) as net_revenue,
        case
            when count(*) = count(sold.cost_amount)
                then sum(sold.net_revenue) - sum(sold.cost_amount)
        end as margin
    from branch_products as sold
    inner join marts.dim_products as products
        on
            sold.branch_id = products.branch_id
            and sold.product_id = products.product_id
            and products.is_current
    group by grouping sets (
        (sold.branch_id, sold.period_id, products.sku),
        (sold.currency, sold.period_id, products.sku)
    )
),

compared as (
    select
        *,
        0.7 * sum(units) over menu / count(*) over menu as popular_units,
        sum(margin) over menu
        / nullif(sum(case when margin is not null then units end) over menu, 0)
            as profitable_margin
    from products
    where units > 0
    window menu as (partition by scope_id, period_id)
)

select
    scope_id,
    period_id,
    product_name,
    size,
    category,
    cast(units as integer) as units,
    round(net_revenue, 2) as net_revenue,
    round(margin, 2) as margin,
    round(margin / units, 2) as unit_margin,
    case
        when margin is null then null
        when units >= popular_units and margin / units >= profitable_margin then 'star'
        when units >= popular_units then 'plough-horse'
        when margin / units >= profitable_margin then 'puzzle'
        else 'dog'
    end as menu_class
from compared
order by scope_id, period_id, net_revenue desc, units desc, product_name, size
