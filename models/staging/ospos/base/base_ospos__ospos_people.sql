{{ config(enabled='ospos' in var('systems')) }}

with

source as (

    select * from {{ source('ospos', 'ospos_people') }}

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

renamed as (

    select
        -- keys
        branch_id,
        cast(person_id as {{ dbt.type_string() }}) as customer_id,

        -- who the person is, in plain text
        cast(first_name as {{ dbt.type_string() }}) as first_name,
        cast(last_name as {{ dbt.type_string() }}) as last_name,
        cast(email as {{ dbt.type_string() }}) as email,
        cast(phone_number as {{ dbt.type_string() }}) as phone,

        -- times
        _deleted_at as deleted_at,

        -- load
        cast(_dlt_load_id as {{ dbt.type_string() }}) as load_id
    from placed

)

select * from renamed
