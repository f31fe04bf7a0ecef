with dates as (
    select * from {{ ref('dim_dates') }}
),

products as (
    select * from {{ ref('dim_products') }}
),

product_days as (
    select * from {{ ref('rpt_product_days') }}
),

product_months as (
    select
        product_days.branch_id,
        dates.month_start,
        product_days.product_id,
        sum(product_days.units) as units,
        sum(product_days.gross_revenue) as gross_revenue,
        sum(product_days.discount_amount) as discount_amount,
        sum(product_days.net_revenue) as net_revenue,
        -- if one day's cost is unknown, the sum would not be comparable with the revenue
        case
            when count(*) = count(product_days.cost_amount) then sum(product_days.cost_amount)
        end as cost_amount
    from product_days
    inner join dates on product_days.business_date = dates.date_day
    group by product_days.branch_id, dates.month_start, product_days.product_id
),

compared as (
    select
        *,
        net_revenue - cost_amount as margin_amount,
        (net_revenue - cost_amount) / units as unit_margin,
        row_number() over (
            partition by branch_id, month_start
            order by net_revenue desc, units desc, product_id asc
        ) as revenue_rank,
        count(*) over (partition by branch_id, month_start) as products_sold,
        sum(units) over (partition by branch_id, month_start) as menu_units,
        sum(net_revenue) over (partition by branch_id, month_start) as menu_net_revenue,
        sum(net_revenue - cost_amount) over (partition by branch_id, month_start)
        / sum(case when cost_amount is not null then units end)
            over (partition by branch_id, month_start) as menu_unit_margin
    from product_months
),

judged as (
    select
        *,
        units * products_sold >= 0.7 * menu_units as is_popular,
        unit_margin >= menu_unit_margin as is_profitable
    from compared
),

final as (
    select
        -- key
        judged.branch_id,
        judged.month_start,
        judged.product_id,

        -- product, as its newest version has it
        products.product_name,
        products.category,
        products.size,

        -- volume
        cast(judged.units as integer) as units,
        cast(judged.units / judged.menu_units as numeric(9, 6)) as units_share,

        -- money
        products.currency,
        cast(judged.gross_revenue as numeric(12, 2)) as gross_revenue,
        cast(judged.discount_amount as numeric(12, 2)) as discount_amount,
        cast(judged.net_revenue as numeric(12, 2)) as net_revenue,
        cast(judged.cost_amount as numeric(12, 2)) as cost_amount,
        cast(judged.margin_amount as numeric(12, 2)) as margin_amount,
        cast(judged.unit_margin as numeric(12, 2)) as unit_margin,

        -- place on the menu
        cast(judged.revenue_rank as integer) as revenue_rank,
        cast(
            judged.net_revenue / nullif(judged.menu_net_revenue, 0) as numeric(9, 6)
        ) as revenue_share,
        case
            when judged.is_popular and judged.is_profitable then 'star'
            when judged.is_popular and not judged.is_profitable then 'plough-horse'
            when not judged.is_popular and judged.is_profitable then 'puzzle'
            when not judged.is_popular and not judged.is_profitable then 'dog'
        end as menu_class
    from judged
    inner join products
        on
            judged.branch_id = products.branch_id
            and judged.product_id = products.product_id
            and products.is_current
)

select * from final
