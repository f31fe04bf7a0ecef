{{ config(enabled='unicenta' in var('systems')) }}
{%- set types = column_types(source('unicenta', 'taxlines')) -%}
{%- set double = 'numeric(24, 12)' -%}

with

source as (

    select * from {{ source('unicenta', 'taxlines') }}

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
        {{ surrogate_key('branch_id', 'id') }} as tax_line_key,
        {{ surrogate_key('branch_id', 'receipt') }} as order_key,
        branch_id,
        cast(id as {{ dbt.type_string() }}) as tax_line_id,
        cast(receipt as {{ dbt.type_string() }}) as order_id,
        cast(taxid as {{ dbt.type_string() }}) as tax_id,

        -- money
        {{ safe_cast('base', double, types) }} as taxable_amount,
        {{ safe_cast('amount', double, types) }} as tax_amount,

        -- times
        _deleted_at as deleted_at,

        -- load
        cast(_dlt_load_id as {{ dbt.type_string() }}) as load_id,

        -- judgement
        {{ row_errors([
            missing('taxid'),
            unreadable('base', double, types, exact=false),
            unreadable('amount', double, types, exact=false),
            without_its_parent(ref('base_unicenta__receipts'), 'receipt', 'order_id'),
        ]) }} as _errors,
        {{ raw_record('placed', [
            'till_id', 'id', 'receipt', 'taxid', 'base', 'amount'
        ]) }} as raw_record
    from placed

)

select * from judged
