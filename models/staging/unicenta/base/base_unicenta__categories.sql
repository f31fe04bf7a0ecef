{{ config(enabled='unicenta' in var('systems')) }}

with

source as (

    select * from {{ source('unicenta', 'categories') }}

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
        cast(id as {{ dbt.type_string() }}) as category_id,
        cast(name as {{ dbt.type_string() }}) as category
    from placed

)

select * from renamed
