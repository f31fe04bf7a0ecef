with

lines as (

    select * from {{ ref('stg_pos__order_lines') }}

),

orders as (

    select * from {{ ref('int_orders_dated') }}

),

products as (

    select * from {{ ref('int_products_versioned') }}

),

final as (

    select
        -- keys
        lines.order_line_key,
        lines.order_key,
        products.product_key,
        lines.branch_id,
        lines.order_line_id,
        lines.order_id,
        lines.line_number,
        lines.product_id,

        -- which rows count
        orders.is_counted and lines.deleted_at is null as is_counted,

        -- quantity and money; the price is the receipt's, the cost is the version's
        lines.quantity,
        lines.unit_price,
        cast(lines.quantity * lines.unit_price as numeric(12, 2)) as gross_amount,
        lines.discount_amount,
        cast(lines.quantity * products.unit_cost as numeric(12, 2)) as cost_amount,
        orders.currency,

        -- times
        orders.ordered_at,
        orders.business_date,

        -- load
        lines.load_id
    from lines
    inner join orders
        on lines.branch_id = orders.branch_id and lines.order_id = orders.order_id
    left join products
        on
            lines.branch_id = products.branch_id
            and lines.product_id = products.product_id
            and orders.ordered_at >= products.valid_from
            and (orders.ordered_at < products.valid_to or products.is_current)

)

select * from final
