{{ config(
    materialized='table',
    indexes=[
        {'columns': ['branch_id', 'order_id']},
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
        file_name,
        branch_id,
        cast(order_id as {{ dbt.type_string() }}) as order_id,
        cast(order_line_id as {{ dbt.type_string() }}) as order_line_id,
        cast(product_id as {{ dbt.type_string() }}) as product_id,
        ticket,

        -- what was sold
        article,
        channel,
        payment_method,

        -- quantity and money
        quantity,
        unit_price,
        tax_rate,
        currency,

        -- times
        sold_at,
        deleted_at,

        -- load
        load_id
    from lines

)

select * from final
