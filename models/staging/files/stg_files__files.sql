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

        -- load: only of a file that was read again
        case when read_at > first_seen_at then load_id end as read_again_load_id,

        -- times
        coalesce(first_modified_at, modified_at) as first_modified_at,
        first_seen_at
    from source

)

select * from renamed
