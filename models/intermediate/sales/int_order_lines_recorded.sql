with

lines as (

    select * from {{ ref('stg_pos__order_lines') }}

),

export_lines as (

    select * from {{ ref('stg_exports__lines') }}

),

final as (

    select
        order_line_key,
        order_key,
        branch_id,
        order_line_id,
        order_id,
        line_number,
        product_id,
        quantity,
        unit_price,
        discount_amount,
        deleted_at,
        load_id
    from lines

    union all

    select
        {{ surrogate_key('branch_id', 'order_line_id') }} as order_line_key,
        {{ surrogate_key('branch_id', 'order_id') }} as order_key,
        branch_id,
        order_line_id,
        order_id,
        cast(row_number() over (
            partition by branch_id, order_id order by sold_at, line_key
        ) as integer) as line_number,
        product_id,
        quantity,
        unit_price,
        cast(0 as numeric(12, 2)) as discount_amount,
        deleted_at,
        load_id
    from export_lines
    where quantity > 0

)

select * from final
