with

source as (

    select * from {{ source('documents', '_dlt_loads') }}

),

renamed as (

    select
        -- keys
        cast(load_id as {{ dbt.type_string() }}) as load_id,
        -- the schema is called documents_<collection>
        substring(schema_name, 11) as collection,

        -- state: a load writes 0 once its rows are in place
        status = 0 as is_complete,

        -- times
        inserted_at as loaded_at
    from source

)

select * from renamed
