{{ config(enabled='odoo' in var('systems')) }}

with

source as (

    select * from {{ source('odoo', 'res_currency') }}

),

renamed as (

    select
        till_id,
        id as currency_id,
        cast(name as {{ dbt.type_string() }}) as currency,
        cast(coalesce(decimal_places, 2) as integer) as decimal_places
    from source

)

select * from renamed
