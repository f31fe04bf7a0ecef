{{ config(enabled='ospos' in var('systems')) }}
{%- set types = column_types(source('ospos', 'ospos_sales_items_taxes')) -%}
{%- set money = 'numeric(20, 8)' -%}
{%- set rate = 'numeric(7, 4)' -%}

with

source as (

    select * from {{ source('ospos', 'ospos_sales_items_taxes') }}

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
        -- keys
        {{ surrogate_key('branch_id', [
            'sale_id', 'item_id', 'line', 'name', 'percent'
        ]) }} as line_tax_key,
        {{ surrogate_key('branch_id', 'sale_id') }} as order_key,
        branch_id,
        {{ surrogate_key('sale_id', ['item_id', 'line']) }} as order_line_id,
        cast(sale_id as {{ dbt.type_string() }}) as order_id,

        -- the tax
        cast(
            {{ safe_cast('percent', rate, types) }} / 100 as numeric(9, 6)
        ) as tax_rate,
        {{ safe_cast('item_tax_amount', money, types) }} as tax_amount,

        -- times
        _deleted_at as deleted_at,

        -- load
        cast(_dlt_load_id as {{ dbt.type_string() }}) as load_id,

        -- judgement
        {{ row_errors([
            unreadable('percent', rate, types),
            unreadable('item_tax_amount', money, types),
            without_its_parent(ref('base_ospos__ospos_sales'), 'sale_id'),
        ]) }} as _errors,
        {{ raw_record('placed', [
            'till_id', 'sale_id', 'item_id', 'line', 'name', 'percent', 'item_tax_amount'
        ]) }} as raw_record
    from placed

)

select * from judged
