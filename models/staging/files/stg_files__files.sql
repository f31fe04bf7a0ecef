with

source as (

    select * from {{ source('files', '_files') }}

),

renamed as (

    select
        -- keys
        feed,
        file_name,
        branch_id,

        -- times
        first_seen_at
    from source

)

select * from renamed
