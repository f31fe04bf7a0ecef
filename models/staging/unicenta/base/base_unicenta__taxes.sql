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

renamed as (

    select
        branches.branch_id,
        cast(source.id as {{ dbt.type_string() }}) as tax_id,
        {{ safe_cast('rate', 'numeric(9, 6)', types) }} as tax_rate
    from source
    inner join branches on source.till_id = branches.till_id

)

select * from renamed
