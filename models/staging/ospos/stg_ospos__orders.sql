{{ config(enabled='ospos' in var('systems')) }}

with

sales as (

    select * from {{ ref('base_ospos__ospos_sales') }}
    where {{ not_in_quarantine('ospos', 'ospos_sales', 'order_key') }}

),

lines as (

    select
        branch_id,
        order_id,
        max(case when line_kind = 'sale' and quantity > 0 then 1 else 0 end) as has_sold,
        max(case when quantity < 0 then 1 else 0 end) as has_returned,
        sum(case when line_kind = 'sale' then gross_amount end) as gross_amount,
        sum(case when quantity > 0 then discount_amount end) as discount_amount,
        sum(case when quantity < 0 then discount_amount - gross_amount end) as returned_amount
    from {{ ref('stg_ospos__order_lines') }}
    where deleted_at is null
    group by branch_id, order_id

),

taxes as (

    select
        branch_id,
        order_id,
        sum(case when not is_refund then tax_amount end) as tax_amount,
        sum(case when is_refund then tax_amount end) as tax_refunded
    from {{ ref('stg_ospos__order_taxes') }}
    group by branch_id, order_id

),

final as (

    select
        -- keys
        sales.order_key,
        sales.branch_id,
        sales.order_id,
        sales.order_key as order_number,
        sales.customer_key,
        sales.customer_id,
        -- a cash-up does not say which sales it counted
        cast(null as {{ dbt.type_string() }}) as closing_id,

        -- what the order is; the program comes with two tables that are none
        case
            when sales.dinner_table_id = 1 then 'delivery'
            when sales.dinner_table_id = 2 then 'takeaway'
            when sales.dinner_table_id > 2 then 'dine_in'
            else 'unknown'
        end as channel,
        case
            when sales.sale_status = 2 then 'cancelled'
            when sales.sale_status = 1 or sales.sale_type = 3 then 'draft'
            else 'completed'
        end as status,
        case
            when lines.has_sold = 1 and lines.has_returned = 1 then 'exchange'
            when lines.has_sold = 1 then 'sale'
            else 'return'
        end as order_kind,
        sales.currency,
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
        sales.sold_at as ordered_at,
        sales.deleted_at,

        -- load
        sales.load_id
    from sales
    left join lines on sales.branch_id = lines.branch_id and sales.order_id = lines.order_id
    left join taxes on sales.branch_id = taxes.branch_id and sales.order_id = taxes.order_id

)

select * from final
