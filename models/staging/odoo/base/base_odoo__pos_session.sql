{{ config(enabled='odoo' in var('systems')) }}

with

source as (

    select * from {{ source('odoo', 'pos_session') }}

),

renamed as (

    select
        till_id,
        id as session_id,
        config_id
    from source

)

select * from renamed
