{%- set types = column_types(source('pos', 'order_lines')) -%}
{%- set time = 'timestamp with time zone' -%}
{%- set money = 'numeric(12, 2)' -%}

with

source as (

    select * from {{ source('pos', 'order_lines') }}

),

judged as (

    select
        -- keys
        {{ surrogate_key('branch_id', 'order_line_id') }} as order_line_key,
        {{ surrogate_key('branch_id', 'order_id') }} as order_key,
        cast(branch_id as {{ dbt.type_string() }}) as branch_id,
        order_line_id,
        order_id,
        {{ safe_cast('line_number', 'integer', types) }} as line_number,
        product_id,

        -- quantity and money
        {{ safe_cast('quantity', 'integer', types) }} as quantity,
        {{ safe_cast('unit_price', money, types) }} as unit_price,
        {{ safe_cast('discount_amount', money, types) }} as discount_amount,

        -- times
        {{ safe_cast('updated_at', time, types) }} as updated_at,
        _deleted_at as deleted_at,

        -- load
        cast(_dlt_load_id as {{ dbt.type_string() }}) as load_id,

        -- judgement
        {{ row_errors([
            unreadable('line_number', 'integer', types),
            unreadable('quantity', 'integer', types),
            unreadable('unit_price', money, types),
            unreadable('discount_amount', money, types),
            broken('quantity', safe_cast('quantity', 'integer', types) ~ ' <= 0', 'is not above 0'),
            without_its_parent(ref('base_pos__orders'), 'order_id'),
            without_its_parent(ref('base_pos__products'), 'product_id'),
        ]) }} as _errors,
        {{ raw_record('source', [
            'branch_id', 'order_line_id', 'order_id', 'line_number', 'product_id', 'quantity',
            'unit_price', 'discount_amount', 'updated_at'
        ]) }} as raw_record
    from source

)

select * from judged
