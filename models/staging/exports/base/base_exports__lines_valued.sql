{#- What a line is and what it is worth: its own amount, or what its till asked, in whole cents. A
    difference to quantity and price below one minor unit is rounding, a larger one a discount. -#}
{%- set limit, rounded = largest_value(line_amount_type()), adapter.dispatch("rounded") %}
{%- set asked = rounded("(abs(price_of_all) - coalesce(discount_of_all, 0))", "minor_unit") %}
{%- set price = rounded("price_of_all", "minor_unit") %}

with lines as (
    select * from {{ ref('base_exports__lines_read') }}
    where not coalesce(is_total, false) and not coalesce(is_blank, false)
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
        end) as own_kind
    from counted
),

-- whether a ticket gives back only, and whether its till writes a sign before what it gives back
tickets as (
    select
        *,
        max(case own_kind when 'sale' then 1 else 0 end) over tickets as sales,
        max(case own_kind when 'return' then 1 else 0 end) over tickets as given_back,
        min(case own_kind when 'return' then quantity_read end) over tickets as least_quantity,
        sum(case own_kind when 'return' then line_amount_read end) over tickets as returned_amount
    from kinds
    window tickets as (partition by feed, branch_id, clean_ticket, day_read, _deleted_at is null)
),

-- A discount of what is given back makes it less; a return of the other sign is one, too.
told as (
    select
        *,
        clean_ticket is not null and grain = 'ticket' and coalesce(quantity_read, 1) > 0 and (
            (line_kind = 'discount' and given_back = 1 and sales = 0)
            or (line_kind = 'return' and sign(returned_amount) * line_amount_read < 0)
        ) as gives_back_less
    from tickets
),

signed as (
    select
        *,
        case when gives_back_less then 'return' else own_kind end as kind,
        -- A minus line is below 0 before its discount, too. Its amount says so, unless the discount
        -- is larger than the price and turns the sign.
        case
            when gives_back_less or own_kind = 'return' then -1
            when
                line_amount_read <> 0
                and not coalesce(
                    abs(discount_read) > abs(counted_quantity * unit_price_read), false
                )
                then sign(line_amount_read)
            when least(counted_quantity, unit_price_read) < 0 then -1
            else 1
        end as direction,
        cast(case
            when gives_back_less or own_kind = 'return' then -abs(counted_quantity)
            else counted_quantity
        end as numeric(12, 3)) as line_quantity,
        -- none, where no column could hold what is made from it
        case
            when abs(counted_quantity) * abs(unit_price_read) <= {{ limit }}
                then abs(counted_quantity) * unit_price_read
        end as price_of_all,
        case when abs(line_amount_read) <= {{ limit }} then line_amount_read end as amount_of_all,
        case when abs(discount_read) <= {{ limit }} then abs(discount_read) end as discount_of_all
    from told
),

charged as {{ computed_once() }} (
    select
        *,
        cast(case
            -- written with the sign that it has, if what is given back is
            when
                gives_back_less and own_kind = 'discount'
                and coalesce(returned_amount < 0 or least_quantity < 0, false)
                then coalesce(amount_of_all, {{ price }})
            when gives_back_less then abs(coalesce(amount_of_all, {{ price }}))
            when kind = 'return' then -abs(coalesce(amount_of_all, {{ asked }}))
            -- a till may write what a discount takes off without its sign
            when line_kind = 'discount' and line_quantity >= 0
                then -abs(coalesce(amount_of_all, {{ price }}))
            when kind = 'discount' then coalesce(amount_of_all, {{ price }} * sign(line_quantity))
            else coalesce(amount_of_all, direction * {{ asked }})
        end as {{ exact_type() }}) as charged_amount
    from signed
),

grossed as (
    select
        *,
        cast(case
            when kind = 'discount' then 0
            when gives_back_less then charged_amount
            when discount_of_all is not null
                then charged_amount + direction * discount_of_all
            when
                abs(price_of_all) - abs(charged_amount)
                >= case minor_unit when 0 then 1 when 3 then 0.001 else 0.01 end
                then direction * abs(price_of_all)
            else charged_amount
        end as {{ exact_type() }}) as gross_amount
    from charged
),

final as (
    select
        *,
        cast(case
            when kind = 'discount' then 0
            else coalesce(unit_price_read, case
                when abs(gross_amount) <= {{ limit }} * abs(line_quantity)
                    then gross_amount / line_quantity
            end, gross_amount)
        end as {{ exact_type() }}) as price_of_one,
        -- what the till says has the sign of the line
        cast(sign(charged_amount) * abs(tax_amount_read) as {{ exact_type() }}) as own_tax_amount
    from grossed
)

select * from final
