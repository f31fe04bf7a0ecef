with

source as (

    select * from {{ source('audit', 'told') }}

),

renamed as (

    select
        incident_key,
        device_id,
        incident_kind,
        began_at,
        told_at
    from source

)

select * from renamed
