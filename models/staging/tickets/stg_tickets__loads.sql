with

source as (

    select * from {{ source('tickets', '_dlt_loads') }}

),

renamed as (

    select
        -- keys
        cast(load_id as {{ dbt.type_string() }}) as load_id,

        -- state: dlt writes 0 once every table of the load is in place
        status = 0 as is_complete,

        -- times
        inserted_at as loaded_at
    from source

)

select * from renamed
