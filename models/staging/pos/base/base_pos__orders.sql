{%- set types = column_types(source('pos', 'orders')) -%}
{%- set time = 'timestamp with time zone' -%}
{%- set money = 'numeric(12, 2)' -%}

with

source as (

    select * from {{ source('pos', 'orders') }}

),

judged as (

    select
        -- keys
        {{ surrogate_key('branch_id', 'order_id') }} as order_key,
        cast(branch_id as {{ dbt.type_string() }}) as branch_id,
        order_id,
        cast(order_number as {{ dbt.type_string() }}) as order_number,
        {{ surrogate_key('branch_id', 'customer_id') }} as customer_key,
        customer_id,

        -- what the order is
        cast(channel as {{ dbt.type_string() }}) as channel,
        cast(status as {{ dbt.type_string() }}) as status,
        cast(currency as {{ dbt.type_string() }}) as currency,
        cast(metadata as {{ dbt.type_string() }}) as metadata,

        -- money
        {{ safe_cast('gross_amount', money, types) }} as gross_amount,
        {{ safe_cast('discount_amount', money, types) }} as discount_amount,
        {{ safe_cast('tax_amount', money, types) }} as tax_amount,
        {{ safe_cast('total_amount', money, types) }} as total_amount,

        -- times
        {{ safe_cast('ordered_at', time, types) }} as ordered_at,
        {{ safe_cast('created_at', time, types) }} as created_at,
        {{ safe_cast('updated_at', time, types) }} as updated_at,
        _deleted_at as deleted_at,

        -- load
        cast(_dlt_load_id as {{ dbt.type_string() }}) as load_id,

        -- judgement
        {{ row_errors([
            unreadable('gross_amount', money, types),
            unreadable('discount_amount', money, types),
            unreadable('tax_amount', money, types),
            unreadable('total_amount', money, types),
            unreadable('ordered_at', time, types),
            outside_the_calendar('ordered_at', time, types),
            foreign_currency('currency'),
        ]) }} as _errors,
        {{ raw_record('source', [
            'branch_id', 'order_id', 'order_number', 'customer_id', 'channel', 'status',
            'currency', 'gross_amount', 'discount_amount', 'tax_amount', 'total_amount',
            'ordered_at', 'created_at', 'updated_at'
        ]) }} as raw_record
    from source

)

select * from judged
