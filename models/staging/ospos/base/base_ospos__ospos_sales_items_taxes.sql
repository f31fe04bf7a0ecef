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

judged as (

    select
        -- keys
        {{ surrogate_key('branches.branch_id', ['sale_id', 'item_id', 'line', 'name', 'percent']) }} as line_tax_key,
        {{ surrogate_key('branches.branch_id', 'sale_id') }} as order_key,
        branches.branch_id,
        {{ surrogate_key('sale_id', ['item_id', 'line']) }} as order_line_id,
        cast(sale_id as {{ dbt.type_string() }}) as order_id,

        -- the tax
        cast({{ safe_cast('percent', rate, types) }} / 100 as numeric(9, 6)) as tax_rate,
        {{ safe_cast('item_tax_amount', money, types) }} as tax_amount,

        -- times
        source._deleted_at as deleted_at,

        -- load
        cast(source._dlt_load_id as {{ dbt.type_string() }}) as load_id,

        -- judgement
        {{ row_errors([
            unreadable('percent', rate, types),
            unreadable('item_tax_amount', money, types),
            without_its_parent(ref('base_ospos__ospos_sales'), 'sale_id'),
        ]) }} as _errors,
        {{ raw_record('source', [
            'till_id', 'sale_id', 'item_id', 'line', 'name', 'percent', 'item_tax_amount'
        ]) }} as raw_record
    from source
    inner join branches on source.till_id = branches.till_id

)

select * from judged
