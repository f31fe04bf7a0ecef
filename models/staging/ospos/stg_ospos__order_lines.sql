{{ config(enabled='ospos' in var('systems')) }}

with

lines as (

    select * from {{ ref('base_ospos__ospos_sales_items') }}
    where {{ not_in_quarantine('ospos', 'ospos_sales_items', 'order_line_key') }}

),

-- a line may be taxed by several authorities
taxes as (

    select
        branch_id,
        order_id,
        order_line_id,
        sum(tax_amount) as tax_amount,
        sum(tax_rate) as tax_rate
    from {{ ref('base_ospos__ospos_sales_items_taxes') }}
    where
        deleted_at is null
        and {{ not_in_quarantine('ospos', 'ospos_sales_items_taxes', 'line_tax_key') }}
    group by branch_id, order_id, order_line_id

),

-- the till rounds the price of a line, and the discount that is taken from it
priced as (

    select
        *,
        case
            when unit_price < 0 then 'discount'
            when quantity < 0 then 'return'
            else 'sale'
        end as line_kind,
        round(quantity * unit_price, 2) as full_price,
        round(
            case
                when discount_type = 1 then quantity * discount
                else quantity * unit_price * discount / 100
            end,
            2
        ) as discount_amount
    from lines

),

final as (

    select
        -- keys
        priced.order_line_key,
        priced.order_key,
        priced.branch_id,
        priced.order_line_id,
        priced.order_id,
        priced.line_number,
        priced.product_id,

        -- what the line is; the items of a kit have no price of their own
        priced.line_kind,
        priced.description,

        -- quantity and money, without tax
        priced.quantity,
        cast(priced.unit_price as {{ exact_type() }}) as unit_price,
        cast(
            case when priced.line_kind = 'discount' then 0 else priced.full_price end
            as {{ exact_type() }}
        ) as gross_amount,
        cast(
            priced.discount_amount
            - case when priced.line_kind = 'discount' then priced.full_price else 0 end
            as {{ exact_type() }}
        ) as discount_amount,
        cast(coalesce(taxes.tax_amount, 0) as {{ exact_type() }}) as tax_amount,
        cast(coalesce(taxes.tax_rate, 0) as numeric(9, 6)) as tax_rate,

        -- what the line gives back: a return names no sale
        cast(null as {{ dbt.type_string() }}) as returned_order_line_id,

        -- times
        priced.deleted_at,

        -- load
        priced.load_id
    from priced
    left join taxes
        on
            priced.branch_id = taxes.branch_id
            and priced.order_id = taxes.order_id
            and priced.order_line_id = taxes.order_line_id

)

select * from final
