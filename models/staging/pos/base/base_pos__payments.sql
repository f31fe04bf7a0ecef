{%- set types = column_types(source('pos', 'payments')) -%}
{%- set time = 'timestamp with time zone' -%}
{%- set money = 'numeric(12, 2)' -%}

with

source as (

    select * from {{ source('pos', 'payments') }}

),

judged as (

    select
        -- keys
        {{ surrogate_key('branch_id', 'payment_id') }} as payment_key,
        {{ surrogate_key('branch_id', 'order_id') }} as order_key,
        cast(branch_id as {{ dbt.type_string() }}) as branch_id,
        payment_id,
        order_id,

        -- what the payment is; the card's digits stay in raw
        cast(payment_method as {{ dbt.type_string() }}) as payment_method,
        cast(payment_type as {{ dbt.type_string() }}) as payment_type,
        cast(currency as {{ dbt.type_string() }}) as currency,

        -- money
        {{ safe_cast('amount', money, types) }} as amount,
        {{ safe_cast('tax_amount', money, types) }} as tax_amount,
        {{ safe_cast('tip_amount', money, types) }} as tip_amount,

        -- times
        {{ safe_cast('paid_at', time, types) }} as paid_at,
        {{ safe_cast('updated_at', time, types) }} as updated_at,
        _deleted_at as deleted_at,

        -- load
        cast(_dlt_load_id as {{ dbt.type_string() }}) as load_id,

        -- judgement
        {{ row_errors([
            unreadable('amount', money, types),
            unreadable('tax_amount', money, types),
            unreadable('tip_amount', money, types),
            unreadable('paid_at', time, types),
            outside_the_calendar('paid_at', time, types),
            broken('amount', safe_cast('amount', money, types) ~ ' < 0', 'is below 0'),
            foreign_currency('currency'),
            without_its_parent(ref('base_pos__orders'), 'order_id'),
        ]) }} as _errors,
        {{ raw_record('source', [
            'branch_id', 'payment_id', 'order_id', 'payment_method', 'payment_type', 'currency',
            'amount', 'tax_amount', 'tip_amount', 'paid_at', 'updated_at'
        ]) }} as raw_record
    from source

)

select * from judged
