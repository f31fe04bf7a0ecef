with branches as (
    select * from {{ ref('dim_branches') }}
),

dates as (
    select * from {{ ref('dim_dates') }}
),

products as (
    select * from {{ ref('dim_products') }}
),

orders as (
    select * from {{ ref('fct_orders') }}
),

order_lines as (
    select * from {{ ref('fct_order_lines') }}
),

-- only where prices include it does tax stand inside a line; it is shared out by the lines' price
included_tax as (
    select
        orders.order_key,
        orders.tax_amount / nullif(orders.gross_revenue - orders.discount_amount, 0) as tax_share
    from orders
    inner join branches on orders.branch_id = branches.branch_id
    where branches.prices_include_tax
),

version_months as (
    select
        order_lines.branch_id,
        dates.month_start,
        order_lines.product_key,
        count(*) as line_count,
        sum(order_lines.quantity) as units,
        sum(order_lines.gross_revenue) as gross_revenue,
        sum(order_lines.discount_amount) as discount_amount,
        sum((order_lines.gross_revenue - order_lines.discount_amount) * included_tax.tax_share)
            as included_tax,
        count(order_lines.cost_amount) as costed_line_count,
        sum(order_lines.cost_amount) as cost_amount
    from order_lines
    inner join dates on order_lines.business_date = dates.date_day
    left join included_tax on order_lines.order_key = included_tax.order_key
    group by order_lines.branch_id, dates.month_start, order_lines.product_key
),

product_months as (
    select
        version_months.branch_id,
        version_months.month_start,
        products.product_id,
        sum(version_months.units) as units,
        sum(version_months.gross_revenue) as gross_revenue,
        sum(version_months.discount_amount) as discount_amount,
        sum(
            version_months.gross_revenue
            - version_months.discount_amount
            - coalesce(version_months.included_tax, 0)
        ) as net_revenue,
        -- one line without a known cost, and the sum would not be the cost of the revenue beside it
        case
            when sum(version_months.line_count) = sum(version_months.costed_line_count)
                then sum(version_months.cost_amount)
        end as cost_amount
    from version_months
    inner join products on version_months.product_key = products.product_key
    group by version_months.branch_id, version_months.month_start, products.product_id
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
