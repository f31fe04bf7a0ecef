with

taxes as (

    select * from {{ ref('stg_exports__order_taxes') }}

),

lines as (

    select * from {{ ref('stg_exports__lines') }}
    -- a line that did not fit its header names none, and stays when its file is corrected
    where order_id is not null

),

-- a ticket is an order; what its lines gave back is a payment, and no part of its price
tickets as (

    select
        branch_id,
        order_id,
        max(ticket) as ticket,
        max(channel) as channel,
        max(currency) as currency,
        coalesce(sum(
            case when quantity > 0 and deleted_at is null then quantity * unit_price end
        ), 0) as gross_amount,
        coalesce(min(case when deleted_at is null then sold_at end), min(sold_at)) as ordered_at,
        case when count(deleted_at) = count(*) then max(deleted_at) end as deleted_at,
        max(load_id) as load_id
    from lines
    group by branch_id, order_id

),

ticket_taxes as (

    select
        branch_id,
        order_id,
        sum(tax_amount) as tax_amount
    from taxes
    group by branch_id, order_id

),

final as (

    select
        -- keys
        {{ surrogate_key('tickets.branch_id', 'tickets.order_id') }} as order_key,
        tickets.branch_id,
        tickets.order_id,
        {{ dbt.concat(["tickets.branch_id", "'-'", "tickets.ticket"]) }} as order_number,
        cast(null as {{ dbt.type_string() }}) as customer_key,
        cast(null as {{ dbt.type_string() }}) as customer_id,
        cast(null as {{ dbt.type_string() }}) as closing_id,

        -- what the order is
        tickets.channel,
        'completed' as status,
        'sale' as order_kind,
        tickets.currency,
        cast(null as boolean) as amounts_include_tax,

        -- money
        cast(tickets.gross_amount as {{ exact_type() }}) as gross_amount,
        cast(0 as {{ exact_type() }}) as discount_amount,
        cast(coalesce(ticket_taxes.tax_amount, 0) as {{ exact_type() }}) as tax_amount,
        cast(null as {{ exact_type() }}) as total_amount,
        cast(0 as {{ exact_type() }}) as returned_amount,
        cast(0 as {{ exact_type() }}) as tax_refunded,
        cast(0 as {{ exact_type() }}) as tips_amount,

        -- times
        tickets.ordered_at,
        tickets.deleted_at,

        -- load
        tickets.load_id
    from tickets
    left join ticket_taxes
        on
            tickets.branch_id = ticket_taxes.branch_id
            and tickets.order_id = ticket_taxes.order_id

)

select * from final
