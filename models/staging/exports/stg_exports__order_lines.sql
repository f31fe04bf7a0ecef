with

lines as (

    select * from {{ ref('stg_exports__lines') }}

),

-- the last line that sold an article by a ticket's number: what a return that names it gives back
sold as (

    select
        feed,
        branch_id,
        ticket,
        product_id,
        max(order_line_id) as order_line_id
    from lines
    where
        line_kind = 'sale'
        and deleted_at is null
        and ticket in (
            select given_back.returned_ticket from lines as given_back
            where given_back.returned_ticket is not null
        )
    group by feed, branch_id, ticket, product_id

),

-- what a ticket gave back on a later day is a payment, and no line
final as (

    select
        -- keys
        {{ surrogate_key('lines.branch_id', 'lines.order_line_id') }} as order_line_key,
        {{ surrogate_key('lines.branch_id', 'lines.order_id') }} as order_key,
        lines.branch_id,
        lines.order_line_id,
        lines.order_id,
        cast(row_number() over (
            partition by lines.branch_id, lines.order_id order by lines.sold_at, lines.line_key
        ) as integer) as line_number,
        case when lines.line_kind in ('sale', 'return') then lines.product_id end as product_id,

        -- what the line is
        lines.line_kind,
        lines.article as description,

        -- quantity and money
        cast(
            case when lines.line_kind = 'discount' then 1 else lines.quantity end as numeric(12, 3)
        ) as quantity,
        cast(lines.unit_price as {{ exact_type() }}) as unit_price,
        cast(lines.gross_amount as {{ exact_type() }}) as gross_amount,
        cast(lines.discount_amount as {{ exact_type() }}) as discount_amount,
        cast(case
            when lines.line_kind = 'return' then coalesce({{ included_tax('lines.') }}, 0)
        end as {{ exact_type() }}) as tax_amount,
        cast(lines.tax_rate as numeric(9, 6)) as tax_rate,

        -- what the line gives back
        sold.order_line_id as returned_order_line_id,

        -- times
        lines.deleted_at,

        -- load
        lines.load_id
    from lines
    left join sold
        on
            lines.feed = sold.feed
            and lines.branch_id = sold.branch_id
            and lines.returned_ticket = sold.ticket
            and lines.product_id = sold.product_id
    where lines.is_order_line

)

select * from final
