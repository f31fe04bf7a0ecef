{{ config(enabled='ospos' in var('systems')) }}
{%- set types = column_types(source('ospos', 'ospos_sales_payments')) -%}
{%- set time = 'timestamp with time zone' -%}
{%- set money = 'numeric(20, 8)' -%}

with

source as (

    select * from {{ source('ospos', 'ospos_sales_payments') }}

),

branches as (

    select * from {{ ref('base_audit__till_branches') }}
    where source_name = 'ospos'

),

-- which branch a row is of, and its currency, is said by the till that it comes from
placed as (

    select
        source.*,
        branches.branch_id,
        branches.currency
    from source
    inner join branches on source.till_id = branches.till_id

),

judged as (

    select
        -- keys
        {{ surrogate_key('branch_id', 'payment_id') }} as payment_key,
        {{ surrogate_key('branch_id', 'sale_id') }} as order_key,
        branch_id,
        cast(payment_id as {{ dbt.type_string() }}) as payment_id,
        cast(sale_id as {{ dbt.type_string() }}) as order_id,

        -- what the payment is; a gift card's number stands behind a colon, and stays in raw
        lower(trim({{ dbt.split_part('payment_type', "':'", 1) }})) as method,

        -- money
        currency,
        {{ safe_cast('payment_amount', money, types) }} as paid_amount,
        {{ safe_cast('cash_refund', money, types) }} as change_amount,

        -- times: the server's clock, which is UTC
        {{ safe_cast('payment_time', time, types) }} as paid_at,
        _deleted_at as deleted_at,

        -- load
        cast(_dlt_load_id as {{ dbt.type_string() }}) as load_id,

        -- judgement
        {{ row_errors([
            missing('payment_type'),
            unreadable('payment_amount', money, types),
            unreadable('cash_refund', money, types),
            unreadable('payment_time', time, types),
            outside_the_calendar('payment_time', time, types),
            without_its_parent(ref('base_ospos__ospos_sales'), 'sale_id'),
        ]) }} as _errors,
        {{ raw_record('placed', [
            'till_id', 'payment_id', 'sale_id', 'payment_amount', 'cash_refund', 'payment_time'
        ]) }} as raw_record
    from placed

)

select * from judged
