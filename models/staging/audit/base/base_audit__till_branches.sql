{#- the sample's tills are their branches: the rows of all other systems' tills need it -#}
{{ config(enabled=(
    var('systems').values() | selectattr('loads_go_by', 'defined')
    | selectattr('loads_go_by', 'equalto', 'branch_id') | list | length
) > ('pos' in var('systems')) | int) }}

with

source as (

    select * from {{ source('audit', 'till_branches') }}

),

branches as (

    select * from {{ ref('branches') }}

),

mapped as (

    select
        -- keys
        source.source as source_name,
        source.till_id,
        source.branch_id,
        source.branch_value,

        -- what a till's rows do not say
        branches.currency,
        branches.time_zone
    from source
    inner join branches on source.branch_id = branches.branch_id

)

select * from mapped
