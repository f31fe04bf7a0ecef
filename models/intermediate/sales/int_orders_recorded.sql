with

orders as (

    select * from {{ ref('stg_pos__orders') }}

),

export_lines as (

    select * from {{ ref('stg_exports__lines') }}
    -- a line that did not fit its header names none, and stays when its file is corrected
    where order_id is not null

),

-- a ticket is an order; what its lines gave back is no part of its price
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
        coalesce(sum(
            case
                when quantity > 0 and deleted_at is null
                    then quantity * unit_price * tax_rate / (1 + tax_rate)
            end
        ), 0) as tax_amount,
        coalesce(min(case when deleted_at is null then sold_at end), min(sold_at)) as ordered_at,
        case when count(deleted_at) = count(*) then max(deleted_at) end as deleted_at,
        max(load_id) as load_id
    from export_lines
    group by branch_id, order_id

),

final as (

    select
        order_key,
        branch_id,
        order_id,
        order_number,
        customer_key,
        customer_id,
        channel,
        status,
        currency,
        gross_amount,
        discount_amount,
        tax_amount,
        total_amount,
        ordered_at,
        deleted_at,
        load_id
    from orders

    union all

    select
        {{ surrogate_key('branch_id', 'order_id') }} as order_key,
        branch_id,
        order_id,
        {{ dbt.concat(["branch_id", "'-'", "ticket"]) }} as order_number,
        cast(null as {{ dbt.type_string() }}) as customer_key,
        cast(null as bigint) as customer_id,
        channel,
        'completed' as status,
        currency,
        cast(gross_amount as numeric(12, 2)) as gross_amount,
        cast(0 as numeric(12, 2)) as discount_amount,
        cast(tax_amount as numeric(12, 2)) as tax_amount,
        cast(gross_amount as numeric(12, 2)) as total_amount,
        ordered_at,
        deleted_at,
        load_id
    from tickets

)

select * from final
