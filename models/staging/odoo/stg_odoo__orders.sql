{{ config(enabled='odoo' in var('systems')) }}
{%- set money = 'numeric(20, 8)' -%}

with

orders as (

    select * from {{ ref('base_odoo__pos_order') }}
    where {{ not_in_quarantine('odoo', 'pos_order', 'order_key') }}

),

lines as (

    select * from {{ ref('base_odoo__line_amounts') }}

),

sums as (

    select
        branch_id,
        order_id,
        sum(case when line_kind = 'sale' then gross_amount else 0 end) as gross_amount,
        sum(case when line_kind in ('sale', 'discount') then discount_amount else 0 end)
            as discount_amount,
        sum(case when line_kind in ('sale', 'discount') then tax_amount else 0 end) as tax_amount,
        -sum(case when line_kind = 'return' then net_amount else 0 end) as returned_amount,
        -sum(case when line_kind = 'return' then tax_amount else 0 end) as tax_refunded,
        -- a tip is not sold: where the till taxes it, the tax is within the tip
        sum(case when line_kind = 'tip' then net_amount + tax_amount else 0 end) as tips_amount,
        count(case when line_kind = 'sale' and quantity > 0 then 1 end) as sold_lines,
        count(case when line_kind = 'return' then 1 end) as returned_lines
    from lines
    where deleted_at is null
    group by branch_id, order_id

),

final as (

    select
        -- keys
        orders.order_key,
        orders.branch_id,
        orders.order_id,
        orders.order_number,
        orders.customer_key,
        orders.customer_id,
        orders.closing_id,

        -- what the order is
        orders.channel,
        orders.status,
        -- what sells nothing, a tip alone among it, counts as little as a return
        case
            when sums.sold_lines > 0 and sums.returned_lines > 0 then 'exchange'
            when sums.sold_lines > 0 then 'sale'
            else 'return'
        end as order_kind,
        orders.currency,
        false as amounts_include_tax,

        -- money
        cast(coalesce(sums.gross_amount, 0) as {{ money }}) as gross_amount,
        cast(coalesce(sums.discount_amount, 0) as {{ money }}) as discount_amount,
        cast(coalesce(sums.tax_amount, 0) as {{ money }}) as tax_amount,
        orders.total_amount,
        cast(coalesce(sums.returned_amount, 0) as {{ money }}) as returned_amount,
        cast(coalesce(sums.tax_refunded, 0) as {{ money }}) as tax_refunded,
        cast(coalesce(sums.tips_amount, 0) as {{ money }}) as tips_amount,

        -- times
        orders.ordered_at,
        orders.deleted_at,

        -- load
        orders.load_id
    from orders
    left join sums on orders.branch_id = sums.branch_id and orders.order_id = sums.order_id
    where not orders.pays_a_debt

)

select * from final
