with

lines as (select * from {{ ref('int_order_lines_dated') }}),

products as (select * from {{ ref('int_products_versioned') }}),

final as (

    select
        -- the line
        lines.*,

        -- the product as it was; the price is the receipt's, the cost is the version's
        coalesce(
            products.product_version_key,
            case
                when lines.line_kind in ('sale', 'return')
                    then {{ unlisted_version_key('lines.branch_id') }}
            end
        ) as product_version_key,
        coalesce(
            products.product_key,
            case
                when lines.line_kind in ('sale', 'return')
                    then {{ unlisted_product_key('lines.branch_id') }}
            end
        ) as product_key,
        -- of a line with money and no quantity nobody knows how many units it is
        cast(
            case
                when lines.quantity <> 0 or lines.gross_amount = 0
                    then lines.quantity * products.unit_cost
            end as {{ exact_type() }}
        ) as till_cost
    from lines
    left join products
        on
            lines.branch_id = products.branch_id
            and lines.product_id = products.product_id
            and lines.ordered_at >= products.valid_from
            and (lines.ordered_at < products.valid_to or products.is_current)

)

select * from final
