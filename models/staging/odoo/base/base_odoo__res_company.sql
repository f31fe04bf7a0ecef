{{ config(enabled='odoo' in var('systems')) }}

with

source as (

    select * from {{ source('odoo', 'res_company') }}

),

renamed as (

    select
        till_id,
        id as company_id,
        currency_id
    from source

)

select * from renamed
