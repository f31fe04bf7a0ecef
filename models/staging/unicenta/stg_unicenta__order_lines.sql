{{ config(enabled='unicenta' in var('systems')) }}

with

lines as (

    select * from {{ ref('base_unicenta__ticketlines') }}
    where {{ not_in_quarantine('unicenta', 'ticketlines', 'order_line_key') }}

),

taxes as (

    select * from {{ ref('base_unicenta__taxes') }}

),

-- a price below 0 takes something off; a charge is for something that is not on the menu
classified as (

    select
        lines.*,
        taxes.tax_rate,
        case
            when lines.unit_price < 0 then 'discount'
            when lines.units < 0 then 'return'
            when lines.product_id is null then 'charge'
            else 'sale'
        end as line_kind
    from lines
    left join taxes on lines.branch_id = taxes.branch_id and lines.tax_id = taxes.tax_id

),

final as (

    select
        -- keys
        order_line_key,
        order_key,
        branch_id,
        order_line_id,
        order_id,
        line_position + 1 as line_number,
        product_id,

        -- what the line is; its own text is in a column that is not read
        line_kind,
        cast(null as {{ dbt.type_string() }}) as description,

        -- quantity and money, without tax
        cast(units as numeric(12, 3)) as quantity,
        cast(unit_price as {{ exact_type() }}) as unit_price,
        cast(
            case when line_kind = 'discount' then 0 else units * unit_price end
            as {{ exact_type() }}
        ) as gross_amount,
        cast(
            case when line_kind = 'discount' then -units * unit_price else 0 end
            as {{ exact_type() }}
        ) as discount_amount,
        -- the till keeps tax per ticket
        cast(null as {{ exact_type() }}) as tax_amount,
        tax_rate,

        -- what the line gives back: the till knows the ticket, and not its line
        cast(null as {{ dbt.type_string() }}) as returned_order_line_id,

        -- times
        deleted_at,

        -- load
        load_id
    from classified

)

select * from final
