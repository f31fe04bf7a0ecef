with

branches as (

    select * from {{ ref('dim_branches') }}

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

-- tax is part of a line only if prices include it; it is distributed by the lines' price
included_tax as (

    select
        orders.order_key,
        orders.tax_amount / nullif(orders.gross_revenue - orders.discount_amount, 0) as tax_share
    from orders
    inner join branches on orders.branch_id = branches.branch_id
    where branches.prices_include_tax

),

version_days as (

    select
        order_lines.branch_id,
        order_lines.business_date,
        order_lines.product_key,
        order_lines.currency,
        count(*) as line_count,
        sum(order_lines.quantity) as units,
        sum(order_lines.gross_revenue) as gross_revenue,
        sum(order_lines.discount_amount) as discount_amount,
        sum((order_lines.gross_revenue - order_lines.discount_amount) * included_tax.tax_share)
            as included_tax,
        count(order_lines.cost_amount) as costed_line_count,
        sum(order_lines.cost_amount) as cost_amount
    from order_lines
    left join included_tax on order_lines.order_key = included_tax.order_key
    group by
        order_lines.branch_id, order_lines.business_date, order_lines.product_key,
        order_lines.currency

),

final as (

    select
        -- key
        version_days.branch_id,
        version_days.business_date,
        products.product_id,

        -- volume
        cast(sum(version_days.units) as integer) as units,

        -- money
        version_days.currency,
        cast(sum(version_days.gross_revenue) as numeric(12, 2)) as gross_revenue,
        cast(sum(version_days.discount_amount) as numeric(12, 2)) as discount_amount,
        cast(
            sum(
                version_days.gross_revenue
                - version_days.discount_amount
                - coalesce(version_days.included_tax, 0)
            ) as numeric(18, 6)
        ) as net_revenue,
        -- if one line's cost is unknown, the sum would not be comparable with the revenue
        cast(
            case
                when sum(version_days.line_count) = sum(version_days.costed_line_count)
                    then sum(version_days.cost_amount)
            end as numeric(12, 2)
        ) as cost_amount
    from version_days
    inner join products on version_days.product_key = products.product_key
    group by
        version_days.branch_id, version_days.business_date, products.product_id,
        version_days.currency

)

select * from final
