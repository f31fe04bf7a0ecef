with

taxes as (

    select * from {{ ref('stg_exports__order_taxes') }}

),

closings as (

    select * from {{ ref('stg_exports__closings') }}

),

lines as (

    select
        *,
        deleted_at is null and is_order_line and line_kind = 'return' as gives_back,
        deleted_at is null and line_kind <> 'return' as sells
    from {{ ref('stg_exports__lines') }}
    -- a line that could not be read names none, and stays when its file is corrected
    where order_id is not null

),

-- a ticket is an order; what it gave back on a later day is a payment, and no part of its price
tickets as (

    select
        branch_id,
        order_id,
        max(ticket) as ticket,
        -- one line may name the customer for all
        max(case when deleted_at is null then customer_id end) as customer_id,
        max(channel) as channel,
        max(currency) as currency,
        max(file_name) as file_name,
        case
            when max(order_grain) = 'day' then 'day_total'
            when max(case when gives_back then 1 else 0 end) = 0 then 'sale'
            when max(case when sells then 1 else 0 end) = 0 then 'return'
            else 'exchange'
        end as order_kind,
        coalesce(sum(case when sells and line_kind <> 'tip' then gross_amount end), 0)
            as gross_amount,
        coalesce(sum(case when sells then discount_amount end), 0) as discount_amount,
        coalesce(sum(case when sells and line_kind = 'tip' then gross_amount end), 0)
            as tips_amount,
        -coalesce(sum(case when gives_back then charged_amount end), 0) as returned_amount,
        max(case when deleted_at is null then order_total end) as total_amount,
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
        sum(case when is_refund then 0 else tax_amount end) as tax_amount,
        sum(case when is_refund then tax_amount else 0 end) as tax_refunded
    from taxes
    group by branch_id, order_id

),

recorded as (

    select
        {{ surrogate_key('tickets.branch_id', 'tickets.order_id') }} as order_key,
        {{ surrogate_key('tickets.branch_id', 'tickets.customer_id') }} as customer_key,
        {{ dbt.concat(["tickets.branch_id", "'-'", "tickets.ticket"]) }} as order_number,
        tickets.*,
        closings.closing_id,
        ticket_taxes.tax_amount,
        ticket_taxes.tax_refunded
    from tickets
    left join closings
        on tickets.branch_id = closings.branch_id and tickets.file_name = closings.closing_id
    left join ticket_taxes
        on
            tickets.branch_id = ticket_taxes.branch_id
            and tickets.order_id = ticket_taxes.order_id

),

final as (

    select
        {{ canonical_columns('orders', lacks=['status', 'amounts_include_tax']) }}
    from recorded

)

select * from final
