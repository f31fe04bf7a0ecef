{{ config(enabled='ospos' in var('systems')) }}
{%- set types = column_types(source('ospos', 'ospos_items')) -%}
{%- set money = 'numeric(20, 8)' -%}

with

source as (

    select * from {{ source('ospos', 'ospos_items') }}

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
        {{ surrogate_key('branch_id', 'item_id') }} as product_record_key,
        branch_id,
        cast(item_id as {{ dbt.type_string() }}) as product_id,
        item_id,
        cast(item_number as {{ dbt.type_string() }}) as sku,

        -- what the item is
        cast(name as {{ dbt.type_string() }}) as product_name,
        cast(category as {{ dbt.type_string() }}) as category,
        {{ safe_cast('deleted', 'integer', types) }} = 0 as is_active,

        -- money
        {{ safe_cast('unit_price', money, types) }} as unit_price,
        {{ safe_cast('cost_price', money, types) }} as unit_cost,

        -- times
        _deleted_at as deleted_at,

        -- load
        cast(_dlt_load_id as {{ dbt.type_string() }}) as load_id,

        -- judgement
        {{ row_errors([
            missing('name'),
            unreadable('deleted', 'integer', types),
            unreadable('unit_price', money, types),
            unreadable('cost_price', money, types, optional=true),
        ]) }} as _errors,
        {{ raw_record('placed', [
            'till_id', 'item_id', 'item_number', 'name', 'category', 'unit_price', 'cost_price',
            'deleted'
        ]) }} as raw_record
    from placed

)

select * from judged
