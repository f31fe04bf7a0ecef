{{ config(enabled='ospos' in var('systems')) }}
{#- What a guest pays is the sale's tax per rate: of what was sold less what was given back. Where
    a sale does both at one rate, what was given back is the tax of those lines. -#}

with

sale_taxes as (

    select
        branch_id,
        order_id,
        order_key,
        tax_rate,
        coalesce(sum(case when deleted_at is null then taxable_amount end), 0) as taxable_amount,
        coalesce(sum(case when deleted_at is null then tax_amount end), 0) as tax_amount,
        case when count(deleted_at) = count(*) then max(deleted_at) end as deleted_at,
        max(load_id) as load_id
    from {{ ref('base_ospos__ospos_sales_taxes') }}
    where {{ not_in_quarantine('ospos', 'ospos_sales_taxes', 'tax_line_key') }}
    group by branch_id, order_id, order_key, tax_rate

),

line_taxes as (

    select * from {{ ref('base_ospos__ospos_sales_items_taxes') }}
    where
        deleted_at is null
        and {{ not_in_quarantine('ospos', 'ospos_sales_items_taxes', 'line_tax_key') }}

),

lines as (

    select * from {{ ref('stg_ospos__order_lines') }}
    where deleted_at is null

),

returned as (

    select
        line_taxes.branch_id,
        line_taxes.order_id,
        line_taxes.tax_rate,
        max(case when lines.quantity > 0 then 1 else 0 end) as has_sold,
        max(case when lines.quantity < 0 then 1 else 0 end) as has_returned,
        coalesce(
            sum(case when lines.quantity < 0 then lines.discount_amount - lines.gross_amount end), 0
        ) as taxable_amount,
        coalesce(sum(case when lines.quantity < 0 then -line_taxes.tax_amount end), 0) as tax_amount
    from line_taxes
    inner join lines
        on
            line_taxes.branch_id = lines.branch_id
            and line_taxes.order_id = lines.order_id
            and line_taxes.order_line_id = lines.order_line_id
    group by line_taxes.branch_id, line_taxes.order_id, line_taxes.tax_rate

),

divided as (

    select
        sale_taxes.*,
        coalesce(returned.has_sold, 0) = 1 and coalesce(returned.has_returned, 0) = 1
            as is_exchange,
        case
            when returned.has_returned is null then sale_taxes.taxable_amount < 0
            else returned.has_returned = 1
        end as gives_back,
        returned.taxable_amount as returned_amount,
        returned.tax_amount as returned_tax
    from sale_taxes
    left join returned
        on
            sale_taxes.branch_id = returned.branch_id
            and sale_taxes.order_id = returned.order_id
            and sale_taxes.tax_rate = returned.tax_rate

),

refunded as (

    select
        *,
        case
            when is_exchange then returned_amount
            when gives_back then -taxable_amount
            else 0
        end as taxable_refunded,
        case
            when is_exchange then returned_tax
            when gives_back then -tax_amount
            else 0
        end as tax_refunded
    from divided

),

directions as (

    select true as is_refund
    union all
    select false as is_refund

),

directed as (

    select
        refunded.*,
        directions.is_refund
    from refunded
    cross join directions
    where refunded.is_exchange or refunded.gives_back = directions.is_refund

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
        cast(
            case when is_refund then taxable_refunded else taxable_amount + taxable_refunded end
            as {{ exact_type() }}
        ) as taxable_amount,
        cast(
            case when is_refund then tax_refunded else tax_amount + tax_refunded end
            as {{ exact_type() }}
        ) as tax_amount,

        -- times
        deleted_at,

        -- load
        load_id
    from directed

)

select * from final
