{#- What a line is and what it is worth. Its own amount leads; a difference to quantity and price below
    one minor unit is rounding, and a larger one a discount. -#}
with

lines as (

    select * from {{ ref('base_exports__lines_read') }}
    where not coalesce(is_total, false)

),

-- an amount without a quantity is of one; a day's sum is of nobody knows how many
counted as (

    select
        *,
        case
            when quantity_text is not null then quantity_read
            when grain = 'day' then 0
            when line_amount_read is not null then 1
        end as counted_quantity
    from lines

),

kinds as (

    select
        *,
        coalesce(line_kind, case
            when unit_price_read < 0 then 'discount'
            when counted_quantity < 0 then 'return'
            when line_amount_read < 0 then 'discount'
            else 'sale'
        end) as kind
    from counted

),

signed as (

    select
        *,
        case when kind = 'return' then -1 else 1 end as direction,
        case when kind = 'return' then -abs(counted_quantity) else counted_quantity end
            as line_quantity
    from kinds

),

charged as (

    select
        *,
        line_quantity * unit_price_read as list_amount,
        case
            when kind = 'return'
                then -abs(coalesce(
                    line_amount_read,
                    line_quantity * unit_price_read + abs(coalesce(discount_read, 0))
                ))
            -- a till may write what a discount takes off without its sign
            when line_kind = 'discount' and line_quantity >= 0
                then -abs(coalesce(line_amount_read, line_quantity * unit_price_read))
            else
                coalesce(
                    line_amount_read,
                    line_quantity * unit_price_read - abs(coalesce(discount_read, 0))
                )
        end as charged_amount
    from signed

),

final as (

    select
        *,
        case
            when kind = 'discount' then 0
            when discount_read is not null
                then charged_amount + direction * abs(discount_read)
            when
                direction * (list_amount - charged_amount)
                >= case minor_unit when 0 then 1 when 3 then 0.001 else 0.01 end
                then list_amount
            else charged_amount
        end as gross_amount
    from charged

)

select * from final
