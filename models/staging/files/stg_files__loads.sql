with

source as (

    select * from {{ source('files', '_dlt_loads') }}

),

renamed as (

    select
        -- keys
        load_id,
        -- the schema is called files_<feed>
        substring(schema_name, 7) as feed,

        -- state
        status = 0 as is_complete,

        -- times
        inserted_at as loaded_at
    from source

)

select * from renamed
