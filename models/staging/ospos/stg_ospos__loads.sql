with

source as (

    select * from {{ source('ospos', '_dlt_loads') }}

),

branches as (

    select * from {{ ref('base_audit__till_branches') }}
    where source_name = 'ospos'

),

renamed as (

    select
        -- keys
        cast(source.load_id as {{ dbt.type_string() }}) as load_id,
        branches.branch_id,

        -- state: dlt writes 0 once every table of the load is in place
        source.status = 0 as is_complete,

        -- times
        source.inserted_at as loaded_at
    from source
    -- the schema is called ospos_<till>
    inner join branches
        on source.schema_name = {{ dbt.concat(["'ospos_'", "branches.till_id"]) }}

)

select * from renamed
