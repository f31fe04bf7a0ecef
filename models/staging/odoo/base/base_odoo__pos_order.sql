{{ config(enabled='odoo' in var('systems')) }}
{#- No `with`: Postgres would plan it apart from what joins it, and read all for one order. -#}
{%- set types = column_types(ref('base_odoo__orders_with_shop')) -%}
{%- set time = 'timestamp with time zone' -%}
{%- set money = 'numeric(20, 8)' %}

select
    -- keys
    {{ surrogate_key('branch_id', 'id') }} as order_key,
    branch_id,
    cast(id as {{ dbt.type_string() }}) as order_id,
    cast(pos_reference as {{ dbt.type_string() }}) as order_number,
    {{ surrogate_key('till_id', 'partner_id') }} as customer_key,
    cast(partner_id as {{ dbt.type_string() }}) as customer_id,
    cast(session_id as {{ dbt.type_string() }}) as closing_id,
    till_id,
    id,

    -- what the order is
    case when table_id is not null then 'dine_in' else 'unknown' end as channel,
    case
        when state in ('paid', 'done', 'invoiced') then 'completed'
        when state = 'cancel' then 'cancelled'
        when state = 'draft' then 'draft'
    end as status,
    currency,
    -- what pays a debt back comes to nothing, and sells nothing
    coalesce(amount_total = 0, false)
    and state in ('paid', 'done', 'invoiced')
    and not exists (
        select 1 from {{ ref('base_odoo__pos_order_line') }} as sold
        where sold.till_id = orders.till_id and sold.pos_order_id = orders.id
    ) as pays_a_debt,

    -- money
    {{ safe_cast('amount_total', money, types) }} as total_amount,

    -- times
    {{ safe_cast('date_order', time, types) }} as ordered_at,
    _deleted_at as deleted_at,

    -- load
    cast(_dlt_load_id as {{ dbt.type_string() }}) as load_id,

    -- judgement
    {{ row_errors([
        missing('state'),
        broken('state', "state not in ('draft', 'paid', 'done', 'invoiced', 'cancel')",
            'is no state of an order'),
        unreadable('amount_total', money, types, exact=false),
        unreadable('amount_tax', money, types, exact=false),
        unreadable('date_order', time, types),
        outside_the_calendar('date_order', time, types),
        foreign_currency('currency'),
    ]) }} as _errors,
    {{ raw_record('orders', [
        'till_id', 'id', 'session_id', 'partner_id', 'pos_reference', 'state', 'currency',
        'amount_total', 'amount_tax', 'date_order'
    ]) }} as raw_record
from {{ ref('base_odoo__orders_with_shop') }} as orders
where branch_id is not null
