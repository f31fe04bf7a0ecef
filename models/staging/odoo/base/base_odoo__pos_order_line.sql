{{ config(enabled='odoo' in var('systems')) }}
{#- No `with`: Postgres would plan it apart from what joins it, and read all for one order. -#}
{%- set types = column_types(source('odoo', 'pos_order_line')) -%}
{%- set money = 'numeric(20, 8)' %}
{%- set worth = safe_cast('qty', money, types) ~ ' * ' ~ safe_cast('price_unit', money, types) %}

select
    -- keys
    {{ surrogate_key('branch_id', 'id') }} as order_line_key,
    {{ surrogate_key('branch_id', 'order_id') }} as order_key,
    branch_id,
    cast(id as {{ dbt.type_string() }}) as order_line_id,
    cast(order_id as {{ dbt.type_string() }}) as order_id,
    cast(product_id as {{ dbt.type_string() }}) as product_id,
    cast(refunded_orderline_id as {{ dbt.type_string() }}) as returned_order_line_id,
    till_id,
    id,
    order_id as pos_order_id,

    -- what was sold, as the receipt has it
    cast(coalesce(full_product_name, name) as {{ dbt.type_string() }}) as description,
    coalesce(product_id = tip_product_id, false) as is_tip,
    coalesce(product_id = discount_product_id, false) as is_discount,

    -- quantity and money
    {{ safe_cast('qty', money, types) }} as quantity,
    {{ safe_cast('price_unit', money, types) }} as price_unit,
    {{ safe_cast('discount', money, types) }} as discount_percent,
    {{ safe_cast('price_subtotal', money, types) }} as net_amount,
    cast(
        {{ safe_cast('price_subtotal_incl', money, types) }}
        - {{ safe_cast('price_subtotal', money, types) }} as {{ exact_type() }}
    ) as tax_amount,
    decimal_places,

    -- times
    _deleted_at as deleted_at,

    -- load
    cast(_dlt_load_id as {{ dbt.type_string() }}) as load_id,

    -- judgement
    {{ row_errors([
        unreadable('qty', 'numeric(12, 3)', types, exact=false),
        broken('qty', 'abs(' ~ worth ~ ') >= 1000000000', 'is too much for its price'),
        unreadable('price_unit', money, types, exact=false),
        unreadable('discount', money, types, optional=true, exact=false),
        unreadable('price_subtotal', money, types, exact=false),
        unreadable('price_subtotal_incl', money, types, exact=false),
        broken('order_id', 'not has_order', 'names no record that has come in'),
        broken('product_id', 'not has_product', 'names no record that has come in'),
    ]) }} as _errors,
    {{ raw_record('with_order', [
        'till_id', 'id', 'order_id', 'product_id', 'qty', 'price_unit', 'discount',
        'price_subtotal', 'price_subtotal_incl', 'refunded_orderline_id', 'combo_parent_id'
    ]) }} as raw_record
-- of a line without an order nobody knows the shop: it waits at the till's first branch
from (
    select
        landed.*,
        case
            when orders.id is null then {{ first_branch('odoo', 'landed.till_id') }}
            else orders.branch_id
        end as branch_id,
        orders.id is not null as has_order,
        products.id is not null as has_product,
        orders.tip_product_id,
        orders.discount_product_id,
        orders.decimal_places
    from {{ source('odoo', 'pos_order_line') }} as landed
    left join {{ ref('base_odoo__orders_with_shop') }} as orders
        on landed.till_id = orders.till_id and landed.order_id = orders.id
    left join {{ ref('base_odoo__products_as_landed') }} as products
        on landed.till_id = products.till_id and landed.product_id = products.id
) as with_order
where branch_id is not null
