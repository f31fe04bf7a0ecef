{{ config(enabled='streams' in var('systems')) }}

with

source as (

    select * from {{ source('streams', '_dlt_loads') }}

),

renamed as (

    select
        -- keys
        cast(load_id as {{ dbt.type_string() }}) as load_id,
        -- the schema is called streams_<stream>
        substring(schema_name, 9) as stream,  -- noqa: RF04

        -- state: a load writes 0 once its rows are in place
        status = 0 as is_complete,

        -- times
        inserted_at as loaded_at
    from source

)

select * from renamed
