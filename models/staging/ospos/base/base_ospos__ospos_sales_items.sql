{{ config(enabled='ospos' in var('systems')) }}
{%- set types = column_types(source('ospos', 'ospos_sales_items')) -%}
{%- set number = 'numeric(12, 3)' -%}
{%- set money = 'numeric(20, 8)' -%}
{%- set worth =
    safe_cast('quantity_purchased', number, types)
    ~ ' * ' ~ safe_cast('item_unit_price', money, types)
-%}

with

source as (

    select * from {{ source('ospos', 'ospos_sales_items') }}

),

branches as (

    select * from {{ ref('base_audit__till_branches') }}
    where source_name = 'ospos'

),

-- which branch a row is of is said by the till that it comes from
placed as (

    select
        source.*,
        branches.branch_id
    from source
    inner join branches on source.till_id = branches.till_id

),

judged as (

    select
        -- keys: an item may be in several lines of a sale
        {{ surrogate_key('branch_id', ['sale_id', 'item_id', 'line']) }} as order_line_key,
        {{ surrogate_key('branch_id', 'sale_id') }} as order_key,
        branch_id,
        {{ surrogate_key('sale_id', ['item_id', 'line']) }} as order_line_id,
        cast(sale_id as {{ dbt.type_string() }}) as order_id,
        {{ safe_cast('line', 'integer', types) }} as line_number,
        cast(item_id as {{ dbt.type_string() }}) as product_id,

        -- what was sold
        cast(description as {{ dbt.type_string() }}) as description,

        -- quantity and money
        {{ safe_cast('quantity_purchased', number, types) }} as quantity,
        {{ safe_cast('item_unit_price', money, types) }} as unit_price,
        {{ safe_cast('discount', money, types) }} as discount,
        {{ safe_cast('discount_type', 'integer', types) }} as discount_type,

        -- times
        _deleted_at as deleted_at,

        -- load
        cast(_dlt_load_id as {{ dbt.type_string() }}) as load_id,

        -- judgement
        {{ row_errors([
            unreadable('line', 'integer', types),
            unreadable('quantity_purchased', number, types),
            unreadable('item_unit_price', money, types),
            broken('item_unit_price', 'abs(' ~ worth ~ ') >= 1000000000',
                'is too much for so many units'),
            unreadable('discount', money, types),
            unreadable('discount_type', 'integer', types),
            broken('discount_type', 'discount_type not in (0, 1)',
                'is not 0 (percent) or 1 (amount)'),
            without_its_parent(ref('base_ospos__ospos_sales'), 'sale_id'),
            without_its_parent(ref('base_ospos__ospos_items'), 'item_id'),
        ]) }} as _errors,
        {{ raw_record('placed', [
            'till_id', 'sale_id', 'item_id', 'line', 'quantity_purchased', 'item_unit_price',
            'discount', 'discount_type'
        ]) }} as raw_record
    from placed

)

select * from judged
