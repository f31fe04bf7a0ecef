{{ config(enabled='unicenta' in var('systems')) }}

with

source as (

    select * from {{ source('unicenta', 'categories') }}

),

branches as (

    select * from {{ ref('base_audit__till_branches') }}
    where source_name = 'unicenta'

),

renamed as (

    select
        branches.branch_id,
        cast(source.id as {{ dbt.type_string() }}) as category_id,
        cast(source.name as {{ dbt.type_string() }}) as category
    from source
    inner join branches on source.till_id = branches.till_id

)

select * from renamed
