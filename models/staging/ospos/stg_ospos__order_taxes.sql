{{ config(enabled='ospos' in var('systems')) }}

with

line_taxes as (

    select * from {{ ref('base_ospos__ospos_sales_items_taxes') }}
    where {{ not_in_quarantine('ospos', 'ospos_sales_items_taxes', 'line_tax_key') }}

),

lines as (

    select * from {{ ref('stg_ospos__order_lines') }}

),

directed as (

    select
        line_taxes.*,
        lines.quantity < 0 as is_refund,
        lines.gross_amount - lines.discount_amount as net_amount
    from line_taxes
    inner join lines
        on
            line_taxes.branch_id = lines.branch_id
            and line_taxes.order_id = lines.order_id
            and line_taxes.order_line_id = lines.order_line_id

),

summed as (

    select
        branch_id,
        order_id,
        order_key,
        tax_rate,
        is_refund,
        coalesce(sum(case when deleted_at is null then net_amount end), 0) as taxable_amount,
        coalesce(sum(case when deleted_at is null then tax_amount end), 0) as tax_amount,
        case when count(deleted_at) = count(*) then max(deleted_at) end as deleted_at,
        max(load_id) as load_id
    from directed
    group by branch_id, order_id, order_key, tax_rate, is_refund

),

final as (

    select
        -- keys
        {{ surrogate_key('branch_id', [
            'order_id', 'tax_rate', "case when is_refund then 'refund' else 'sale' end"
        ]) }} as order_tax_key,
        order_key,
        branch_id,
        order_id,

        -- the tax
        tax_rate,
        is_refund,
        cast(case when is_refund then -taxable_amount else taxable_amount end as {{ exact_type() }})
            as taxable_amount,
        cast(case when is_refund then -tax_amount else tax_amount end as {{ exact_type() }})
            as tax_amount,

        -- times
        deleted_at,

        -- load
        load_id
    from summed

)

select * from final
