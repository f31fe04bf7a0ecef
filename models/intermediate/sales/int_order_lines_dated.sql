with

lines as (select * from {{ ref('int_order_lines_recorded') }}),

orders as (select * from {{ ref('int_orders_dated') }}),

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

        -- what the line is, and what it gives back
        lines.line_kind,
        lines.description,
        {{ surrogate_key('lines.branch_id', 'lines.returned_order_line_id') }}
            as returned_order_line_key,

        -- which rows count
        orders.is_counted and lines.deleted_at is null as is_counted,

        -- quantity and money
        lines.quantity,
        lines.unit_price,
        lines.gross_amount,
        lines.discount_amount,
        lines.tax_amount,
        lines.tax_rate,
        orders.currency,
        orders.minor_unit,

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
