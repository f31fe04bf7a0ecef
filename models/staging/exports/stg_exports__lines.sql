{{ config(
    materialized='table',
    indexes=[
        {'columns': ['branch_id', 'order_id']},
        {'columns': ['branch_id', 'ticket']},
        {'columns': ['branch_id', 'sold_at']},
    ]
) }}

with

lines as (

    select * from {{ ref('base_exports__lines') }}
    where {{ not_in_quarantine('files', none, 'line_key') }}

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
        currency,
        minor_unit,

        -- times
        sold_at,
        deleted_at,

        -- load
        load_id
    from lines

)

select * from final
