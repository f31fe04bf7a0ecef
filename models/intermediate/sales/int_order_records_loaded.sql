with

orders as (

    select * from {{ ref('base_pos__orders') }}

),

lines as (

    select * from {{ ref('base_pos__order_lines') }}

),

payments as (

    select * from {{ ref('base_pos__payments') }}

),

export_lines as (

    select * from {{ ref('int_export_lines_assigned') }}

),

final as (

    select
        'order' as record_type,
        order_key as record_key,
        order_key,
        branch_id,
        order_id as record_id,
        order_id,
        load_id
    from orders

    union all

    select
        'line' as record_type,
        order_line_key as record_key,
        order_key,
        branch_id,
        order_line_id as record_id,
        order_id,
        load_id
    from lines

    union all

    select
        'payment' as record_type,
        payment_key as record_key,
        order_key,
        branch_id,
        payment_id as record_id,
        order_id,
        load_id
    from payments

    union all

    -- a line of an export tells of the order, of the line and of the payment
    select
        'export line' as record_type,
        {{ surrogate_key('branch_id', 'order_line_id') }} as record_key,
        {{ surrogate_key('branch_id', 'order_id') }} as order_key,
        branch_id,
        order_line_id as record_id,
        order_id,
        load_id
    from export_lines

)

select * from final
