with

source as (

    select * from {{ source('audit', 'told') }}

),

renamed as (

    select
        incident_key,
        told_at
    from source

)

select * from renamed
