{{ config(
    materialized='table',
    indexes=[
        {'columns': ['branch_id', 'order_id']},
        {'columns': ['branch_id', 'ticket']},
        {'columns': ['branch_id', 'sold_at']},
    ]
) }}

with

-- a tip has no tax
lines as (

    select
        *,
        case when line_kind <> 'tip' and tax_amount is null then gross_amount - discount_amount end
            as amount_without_its_tax
    from {{ ref('base_exports__lines') }}
    where {{ not_in_quarantine('files', none, 'line_key') }}

),

-- what the lines of a ticket with a rate come to, up to each of them
added_up as (

    select
        *,
        sum(amount_without_its_tax) over (
            partition by branch_id, order_id, tax_rate, line_kind = 'return', deleted_at is null
            order by sold_at, line_key
        ) as amount_so_far
    from lines

),

final as (

    select
        -- keys
        line_key,
        feed,
        file_name,
        branch_id,
        cast(order_id as {{ dbt.type_string() }}) as order_id,
        cast(order_line_id as {{ dbt.type_string() }}) as order_line_id,
        cast(product_id as {{ dbt.type_string() }}) as product_id,
        ticket,
        returned_ticket,
        customer_id,

        -- what was sold
        article,
        product_name,
        category,
        line_kind,
        is_order_line,
        order_grain,
        channel,
        payment_method,

        -- quantity and money; a discount is taken off a gross amount of nothing
        quantity,
        unit_price,
        gross_amount,
        discount_amount,
        gross_amount - discount_amount as charged_amount,
        unit_cost,
        order_total,
        tax_rate,
        prices_include_tax,
        -- Tax is rounded per rate of a ticket: a line has what it adds to the rounded tax of those
        -- before it. So the lines of any ticket, sold or given back, add up to its tax.
        cast(case
            when line_kind = 'tip' then null
            when tax_amount is not null then tax_amount
            else
                {{ tax_of('amount_so_far') }}
                - {{ tax_of('(amount_so_far - amount_without_its_tax)') }}
        end as {{ exact_type() }}) as tax_amount,
        currency,
        minor_unit,

        -- times
        sold_at,
        deleted_at,

        -- load
        load_id
    from added_up

)

select * from final
