with

source as (

    select * from {{ source('files', '_dlt_loads') }}

),

renamed as (

    select
        -- keys
        cast(load_id as {{ dbt.type_string() }}) as load_id,
        -- the schema is called files_<feed>
        substring(schema_name, 7) as feed,

        -- state: a load writes 0 once its rows are in place
        status = 0 as is_complete,

        -- times
        inserted_at as loaded_at
    from source

)

select * from renamed
