with

lines as (

    select * from {{ ref('stg_exports__lines') }}

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
            when lines.line_kind = 'return' then coalesce(lines.tax_amount, 0)
        end as {{ exact_type() }}) as tax_amount,
        cast(lines.tax_rate as numeric(9, 6)) as tax_rate,

        -- what the line gives back
        sold.order_line_id as returned_order_line_id,

        -- times
        lines.deleted_at,

        -- load
        lines.load_id
    from lines
    -- The line that sold the article last before it came back. It is looked up in the table: a CTE
    -- that is read twice is computed whole, for every order that is looked up.
    left join lateral (
        select earlier.order_line_id
        from {{ ref('stg_exports__lines') }} as earlier
        where
            earlier.feed = lines.feed
            and earlier.branch_id = lines.branch_id
            and earlier.ticket = lines.returned_ticket
            and earlier.product_id = lines.product_id
            and earlier.line_kind = 'sale'
            and earlier.deleted_at is null
            and earlier.sold_at <= lines.sold_at
        order by earlier.sold_at desc, earlier.line_key desc
        limit 1
    ) as sold on true
    where lines.is_order_line

)

select * from final
