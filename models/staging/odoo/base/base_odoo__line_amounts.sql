{{ config(enabled='odoo' in var('systems')) }}
{%- set money = 'numeric(20, 8)' -%}

with

lines as (

    select * from {{ ref('base_odoo__pos_order_line') }}

),

-- the rates of a line's taxes together, looked up line by line
with_rates as (

    select
        lines.*,
        coalesce(taxes.tax_rate, 0) as tax_rate_of_taxes,
        coalesce(taxes.rate_in_price, 0) as rate_in_price
    from lines
    left join lateral (
        select
            sum(known.tax_rate) as tax_rate,
            sum(case when known.is_in_price then known.tax_rate else 0 end) as rate_in_price
        from {{ ref('base_odoo__account_tax_pos_order_line_rel') }} as known
        where known.till_id = lines.till_id and known.pos_order_line_id = lines.id
    ) as taxes on 1 = 1

),

-- A discount lowers what the order comes to; given back, it lowers what is given back. What a line
-- would cost without its percent is known by its price; without a percent, by what the till wrote.
judged as (

    select
        *,
        case
            when is_tip then 'tip'
            when (is_discount or price_unit < 0) and quantity * price_unit < 0 then 'discount'
            when quantity < 0 then 'return'
            else 'sale'
        end as line_kind,
        cast(
            case
                when coalesce(discount_percent, 0) = 0 then net_amount
                else quantity * price_unit / (1 + rate_in_price)
            end as {{ money }}
        ) as full_amount,
        -- a fiscal position of the order may put other taxes in place of the line's
        abs(net_amount * tax_rate_of_taxes - tax_amount) <= 2 * power(10.0, -decimal_places)
            as is_tax_of_its_taxes
    from with_rates

),

final as (

    select
        -- keys
        order_line_key,
        order_key,
        branch_id,
        order_line_id,
        order_id,
        -- tips and discounts are products to Odoo alone
        case when not (is_tip or is_discount or line_kind = 'discount') then product_id end
            as product_id,
        returned_order_line_id,
        till_id,
        id,

        -- what the line is
        line_kind,
        description,

        -- quantity and money, without tax
        cast(quantity as numeric(12, 3)) as quantity,
        cast(
            case
                when quantity = 0 then price_unit / (1 + rate_in_price)
                else full_amount / quantity
            end as {{ money }}
        ) as unit_price,
        cast(case when line_kind = 'discount' then 0 else full_amount end as {{ money }})
            as gross_amount,
        cast(
            case when line_kind = 'discount' then 0 else full_amount end - net_amount
            as {{ money }}
        ) as discount_amount,
        net_amount,
        tax_amount,
        cast(
            case
                when is_tax_of_its_taxes then tax_rate_of_taxes
                when tax_amount = 0 then 0
            end as numeric(9, 6)
        ) as tax_rate,
        is_tax_of_its_taxes,
        decimal_places,

        -- times
        deleted_at,

        -- load
        load_id
    from judged

)

select * from final
