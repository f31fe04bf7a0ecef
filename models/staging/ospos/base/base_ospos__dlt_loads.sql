{{ config(enabled='ospos' in var('systems')) }}

with

source as (

    select * from {{ source('ospos', '_dlt_loads') }}

),

renamed as (

    select
        cast(load_id as {{ dbt.type_string() }}) as load_id,
        -- the schema is called ospos_<till>
        substring(schema_name, 7) as till_id,
        -- dlt writes 0 once every table of the load is in place
        status = 0 as is_complete,
        inserted_at as loaded_at
    from source

)

select * from renamed
