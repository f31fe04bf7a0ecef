-- What each product brought in each period, and its place on the menu after Kasavana and Smith.
with products as (
    select
        coalesce(branch_id, currency) as scope_id,
        period_id,
        min(product_name) as product_name,
        min(size) as size,
        min(category) as category,
        sum(units) as units,
        sum(product_revenue) as product_revenue,
        case
            when count(*) = count(till_cost) then sum(product_revenue) - sum(till_cost)
        end as margin
    from marts.rpt_product_periods
    group by
        grouping sets (
            (branch_id, period_id, chain_product_id), (currency, period_id, chain_product_id)
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
    round(product_revenue, 3) as product_revenue,
    round(margin, 3) as margin,
    round(margin / units, 3) as unit_margin,
    case
        when margin is null then null
        when units >= popular_units and margin / units >= profitable_margin then 'star'
        when units >= popular_units then 'plough-horse'
        when margin / units >= profitable_margin then 'puzzle'
        else 'dog'
    end as menu_class
from compared
order by scope_id, period_id, product_revenue desc, units desc, product_name, size
