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

exported as (

    select * from {{ ref('base_exports__lines') }}

),

-- Of an export that was corrected every line may have become another one: all orders of a file
-- are as new as its newest line. What gives back belongs to the newest sale of its ticket before
-- it, which may come late or be corrected: it is as new as any line before it.
export_lines as (

    select
        branch_id,
        order_id,
        order_line_id,
        greatest(
            max(load_id) over (partition by file_name),
            case
                when quantity < 0
                    then max(load_id) over (partition by branch_id order by sold_at)
            end
        ) as load_id
    from exported

),

record_types as (

    select 'order' as record_type
    union all
    select 'line' as record_type
    union all
    select 'payment' as record_type

),

export_records as (

    select
        record_types.record_type,
        export_lines.*
    from export_lines
    cross join record_types
    where export_lines.order_id is not null

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

    select
        record_type,
        {{ surrogate_key(
            'branch_id', "case when record_type = 'order' then order_id else order_line_id end"
        ) }} as record_key,
        {{ surrogate_key('branch_id', 'order_id') }} as order_key,
        branch_id,
        order_line_id as record_id,
        order_id,
        load_id
    from export_records

)

select * from final
