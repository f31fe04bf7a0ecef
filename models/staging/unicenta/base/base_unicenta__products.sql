{{ config(enabled='unicenta' in var('systems')) }}
{%- set types = column_types(source('unicenta', 'products')) -%}
{%- set double = 'numeric(24, 12)' -%}

with

source as (

    select * from {{ source('unicenta', 'products') }}

),

branches as (

    select * from {{ ref('base_audit__till_branches') }}
    where source_name = 'unicenta'

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
        {{ surrogate_key('branch_id', 'id') }} as product_record_key,
        branch_id,
        cast(id as {{ dbt.type_string() }}) as product_id,
        cast(reference as {{ dbt.type_string() }}) as sku,
        cast(category as {{ dbt.type_string() }}) as category_id,

        -- what the product is
        cast(name as {{ dbt.type_string() }}) as product_name,

        -- money
        {{ safe_cast('pricesell', double, types) }} as unit_price,
        {{ safe_cast('pricebuy', double, types) }} as unit_cost,

        -- times
        _deleted_at as deleted_at,

        -- load
        cast(_dlt_load_id as {{ dbt.type_string() }}) as load_id,

        -- judgement
        {{ row_errors([
            missing('name'),
            unreadable('pricesell', double, types, exact=false),
            unreadable('pricebuy', double, types, optional=true, exact=false),
        ]) }} as _errors,
        {{ raw_record('placed', [
            'till_id', 'id', 'reference', 'name', 'category', 'pricesell', 'pricebuy'
        ]) }} as raw_record
    from placed

)

select * from judged
