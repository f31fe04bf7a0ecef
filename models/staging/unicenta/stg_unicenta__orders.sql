{{ config(enabled='unicenta' in var('systems')) }}

with

receipts as (

    select * from {{ ref('base_unicenta__receipts') }}
    where {{ not_in_quarantine('unicenta', 'receipts', 'order_key') }}

),

-- a receipt without a ticket moves cash, and a ticket of another type pays a debt
tickets as (

    select * from {{ ref('base_unicenta__tickets') }}
    where
        ticket_type in (0, 1)
        and {{ not_in_quarantine('unicenta', 'tickets', 'order_key') }}

),

lines as (

    select
        branch_id,
        order_id,
        max(
            case when line_kind in ('sale', 'charge') and quantity > 0 then 1 else 0 end
        ) as has_sold,
        max(case when quantity < 0 then 1 else 0 end) as has_returned,
        sum(case when line_kind in ('sale', 'charge') then gross_amount end) as gross_amount,
        sum(case when quantity > 0 then discount_amount end) as discount_amount,
        sum(case when quantity < 0 then discount_amount - gross_amount end) as returned_amount
    from {{ ref('stg_unicenta__order_lines') }}
    where deleted_at is null
    group by branch_id, order_id

),

taxes as (

    select
        branch_id,
        order_id,
        sum(case when not is_refund then tax_amount end) as tax_amount,
        sum(case when is_refund then tax_amount end) as tax_refunded
    from {{ ref('stg_unicenta__order_taxes') }}
    group by branch_id, order_id

),

final as (

    select
        -- keys
        tickets.order_key,
        tickets.branch_id,
        tickets.order_id,
        -- sales and refunds are numbered apart
        {{ dbt.concat([
            "tickets.branch_id", "case when tickets.ticket_type = 1 then '-R' else '-' end",
            dbt.cast("tickets.ticket_number", dbt.type_string())
        ]) }} as order_number,
        tickets.customer_key,
        tickets.customer_id,
        receipts.closing_id,

        -- what the order is
        'unknown' as channel,
        'completed' as status,
        case
            when lines.has_sold = 1 and lines.has_returned = 1 then 'exchange'
            when lines.has_sold = 1 then 'sale'
            else 'return'
        end as order_kind,
        receipts.currency,
        false as amounts_include_tax,

        -- money; the till has no total of its own
        cast(coalesce(lines.gross_amount, 0) as {{ exact_type() }}) as gross_amount,
        cast(coalesce(lines.discount_amount, 0) as {{ exact_type() }}) as discount_amount,
        cast(coalesce(taxes.tax_amount, 0) as {{ exact_type() }}) as tax_amount,
        cast(null as {{ exact_type() }}) as total_amount,
        cast(coalesce(lines.returned_amount, 0) as {{ exact_type() }}) as returned_amount,
        cast(coalesce(taxes.tax_refunded, 0) as {{ exact_type() }}) as tax_refunded,
        cast(0 as {{ exact_type() }}) as tips_amount,

        -- times
        receipts.sold_at as ordered_at,
        coalesce(receipts.deleted_at, tickets.deleted_at) as deleted_at,

        -- load
        greatest(receipts.load_id, tickets.load_id) as load_id
    from tickets
    inner join receipts
        on tickets.branch_id = receipts.branch_id and tickets.order_id = receipts.order_id
    left join lines
        on tickets.branch_id = lines.branch_id and tickets.order_id = lines.order_id
    left join taxes
        on tickets.branch_id = taxes.branch_id and tickets.order_id = taxes.order_id

)

select * from final
