{{ config(enabled='unicenta' in var('systems')) }}
{%- set types = column_types(source('unicenta', 'payments')) -%}
{%- set double = 'numeric(24, 12)' -%}

with

source as (

    select * from {{ source('unicenta', 'payments') }}

),

branches as (

    select * from {{ ref('base_audit__till_branches') }}
    where source_name = 'unicenta'

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
        {{ surrogate_key('branch_id', 'id') }} as payment_key,
        {{ surrogate_key('branch_id', 'receipt') }} as order_key,
        branch_id,
        cast(id as {{ dbt.type_string() }}) as payment_id,
        cast(receipt as {{ dbt.type_string() }}) as order_id,

        -- what the payment is; a voucher's number and the card's name stay in raw
        lower(trim(cast(payment as {{ dbt.type_string() }}))) as method,

        -- money: what was handed over, and so the change, is in `tendered`
        currency,
        {{ safe_cast('total', double, types) }} as received_amount,
        {{ safe_cast('tip', double, types) }} as tip_amount,

        -- times
        _deleted_at as deleted_at,

        -- load
        cast(_dlt_load_id as {{ dbt.type_string() }}) as load_id,

        -- judgement
        {{ row_errors([
            missing('payment'),
            unreadable('total', double, types, exact=false),
            unreadable('tip', double, types, optional=true, exact=false),
            without_its_parent(ref('base_unicenta__receipts'), 'receipt', 'order_id'),
        ]) }} as _errors,
        {{ raw_record('placed', [
            'till_id', 'id', 'receipt', 'payment', 'total', 'tip', 'tendered'
        ]) }} as raw_record
    from placed

)

select * from judged
