with

lines as (

    select * from {{ ref('int_order_lines_recorded') }}

),

orders as (

    select * from {{ ref('int_orders_dated') }}

),

final as (

    select
        -- keys
        lines.order_line_key,
        lines.order_key,
        lines.branch_id,
        lines.order_line_id,
        lines.order_id,
        lines.line_number,
        lines.product_id,

        -- which rows count
        orders.is_counted and lines.deleted_at is null as is_counted,

        -- quantity and money
        lines.quantity,
        lines.unit_price,
        cast(lines.quantity * lines.unit_price as numeric(12, 2)) as gross_amount,
        lines.discount_amount,
        orders.currency,

        -- times
        orders.ordered_at,
        orders.business_date,

        -- load
        lines.load_id
    from lines
    inner join orders
        on lines.branch_id = orders.branch_id and lines.order_id = orders.order_id

)

select * from final
