{{ config(enabled='odoo' in var('systems')) }}
{#- No `with`: Postgres would plan it apart from what joins it, and read all for one order. -#}
{%- set types = column_types(source('odoo', 'pos_payment')) -%}
{%- set time = 'timestamp with time zone' -%}
{%- set money = 'numeric(20, 8)' %}

select
    -- keys
    {{ surrogate_key('branch_id', 'id') }} as payment_key,
    {{ surrogate_key('branch_id', 'pos_order_id') }} as order_key,
    branch_id,
    cast(id as {{ dbt.type_string() }}) as payment_id,
    cast(pos_order_id as {{ dbt.type_string() }}) as order_id,

    -- what the payment is; the card's holder stays in raw
    method,
    currency,

    -- money
    {{ safe_cast('amount', money, types) }} as received_amount,

    -- times: an order is paid when it is sold; a payment that is corrected later has a later
    -- time of its own, and one of an order that was moved stays behind
    {{ safe_cast('date_order', time, {'date_order': time}) }} as paid_at,
    _deleted_at as deleted_at,

    -- load
    cast(_dlt_load_id as {{ dbt.type_string() }}) as load_id,

    -- judgement
    {{ row_errors([
        unreadable('amount', money, types, exact=false),
        broken('payment_method_id', 'method is null', 'names no record that has come in'),
        broken('pos_order_id', 'not has_order', 'names no record that has come in'),
    ]) }} as _errors,
    {{ raw_record('with_order', [
        'till_id', 'id', 'pos_order_id', 'payment_method_id', 'amount', 'is_change',
        'payment_date'
    ]) }} as raw_record
-- of a payment without an order nobody knows the shop: it waits at the till's first branch
from (
    select
        landed.*,
        case
            when orders.id is null then {{ first_branch('odoo', 'landed.till_id') }}
            else orders.branch_id
        end as branch_id,
        orders.id is not null as has_order,
        orders.currency,
        orders.date_order,
        methods.method
    from {{ source('odoo', 'pos_payment') }} as landed
    left join {{ ref('base_odoo__orders_with_shop') }} as orders
        on landed.till_id = orders.till_id and landed.pos_order_id = orders.id
    left join {{ ref('base_odoo__pos_payment_method') }} as methods
        on
            landed.till_id = methods.till_id
            and landed.payment_method_id = methods.payment_method_id
) as with_order
where branch_id is not null
