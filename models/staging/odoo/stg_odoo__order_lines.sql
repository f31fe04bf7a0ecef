{{ config(enabled='odoo' in var('systems')) }}

with

lines as (

    select * from {{ ref('base_odoo__line_amounts') }}
    where {{ not_in_quarantine('odoo', 'pos_order_line', 'order_line_key') }}

),

numbered as (

    select
        -- keys
        order_line_key,
        order_key,
        branch_id,
        order_line_id,
        order_id,
        cast(row_number() over (partition by branch_id, order_id order by id) as integer)
            as line_number,
        product_id,

        -- what the line is
        line_kind,
        description,

        -- quantity and money
        quantity,
        unit_price,
        gross_amount,
        discount_amount,
        tax_amount,
        tax_rate,

        -- what the line gives back
        returned_order_line_id,

        -- times
        deleted_at,

        -- load
        load_id
    from lines

)

select * from numbered
