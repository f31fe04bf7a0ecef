{{ config(enabled='unicenta' in var('systems')) }}
{%- set types = column_types(source('unicenta', 'taxes')) -%}

with

source as (

    select * from {{ source('unicenta', 'taxes') }}

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

renamed as (

    select
        branch_id,
        cast(id as {{ dbt.type_string() }}) as tax_id,
        {{ safe_cast('rate', 'numeric(9, 6)', types) }} as tax_rate
    from placed

)

select * from renamed
