{{ config(enabled='unicenta' in var('systems')) }}
{#- The till keeps one amount per ticket and tax: what was sold less what was given back. Where a
    ticket does both at one tax, what was given back is reckoned from its lines. -#}

with

tax_lines as (

    select * from {{ ref('base_unicenta__taxlines') }}
    where {{ not_in_quarantine('unicenta', 'taxlines', 'tax_line_key') }}

),

taxes as (

    select * from {{ ref('base_unicenta__taxes') }}

),

lines as (

    select
        branch_id,
        order_id,
        tax_id,
        coalesce(max(case when units > 0 then 1 end), 0) as has_sold,
        coalesce(max(case when units < 0 then 1 end), 0) as has_returned,
        coalesce(sum(case when units < 0 then -units * unit_price end), 0) as returned_amount
    from {{ ref('base_unicenta__ticketlines') }}
    where
        deleted_at is null
        and {{ not_in_quarantine('unicenta', 'ticketlines', 'order_line_key') }}
    group by branch_id, order_id, tax_id

),

rated as (

    select
        tax_lines.*,
        -- the rate of then; a rate that was changed since is another one
        cast(
            case
                when
                    abs(tax_lines.taxable_amount) >= 0.01
                    and abs(tax_lines.tax_amount) < 100 * abs(tax_lines.taxable_amount)
                    then tax_lines.tax_amount / tax_lines.taxable_amount
                else coalesce(taxes.tax_rate, 0)
            end as numeric(9, 6)
        ) as tax_rate,
        coalesce(lines.has_returned, 0) = 1 and coalesce(lines.has_sold, 0) = 1 as is_exchange,
        case
            when lines.has_returned is null then tax_lines.taxable_amount < 0
            else lines.has_returned = 1
        end as gives_back,
        lines.returned_amount
    from tax_lines
    left join taxes
        on tax_lines.branch_id = taxes.branch_id and tax_lines.tax_id = taxes.tax_id
    left join lines
        on
            tax_lines.branch_id = lines.branch_id
            and tax_lines.order_id = lines.order_id
            and tax_lines.tax_id = lines.tax_id

),

divided as (

    select
        *,
        case
            when is_exchange then returned_amount
            when gives_back then -taxable_amount
            else 0
        end as taxable_refunded,
        case
            when is_exchange then returned_amount * tax_rate
            when gives_back then -tax_amount
            else 0
        end as tax_refunded
    from rated

),

directions as (

    select true as is_refund
    union all
    select false as is_refund

),

directed as (

    select
        divided.*,
        directions.is_refund,
        case
            when directions.is_refund then divided.taxable_refunded
            else divided.taxable_amount + divided.taxable_refunded
        end as directed_taxable_amount,
        case
            when directions.is_refund then divided.tax_refunded
            else divided.tax_amount + divided.tax_refunded
        end as directed_tax_amount
    from divided
    cross join directions
    where divided.is_exchange or divided.gives_back = directions.is_refund

),

-- several taxes may have one rate
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
            coalesce(sum(case when deleted_at is null then directed_taxable_amount end), 0)
            as {{ exact_type() }}
        ) as taxable_amount,
        cast(
            coalesce(sum(case when deleted_at is null then directed_tax_amount end), 0)
            as {{ exact_type() }}
        ) as tax_amount,

        -- times
        case when count(deleted_at) = count(*) then max(deleted_at) end as deleted_at,

        -- load
        max(load_id) as load_id
    from directed
    group by branch_id, order_id, order_key, tax_rate, is_refund

)

select * from final
