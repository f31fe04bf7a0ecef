with

order_lines as (

    select * from {{ ref('base_pos__order_lines') }}

),

good as (

    select
        -- keys
        order_line_key,
        order_key,
        branch_id,
        order_line_id,
        order_id,
        line_number,
        product_id,

        -- quantity and money
        quantity,
        unit_price,
        discount_amount,

        -- times
        updated_at,
        deleted_at,

        -- load
        load_id
    from order_lines
    where {{ not_in_quarantine('pos', 'order_lines', 'order_line_key') }}

)

select * from good
