{{ config(enabled='odoo' in var('systems')) }}

with

source as (

    select * from {{ source('odoo', 'product_attribute_value') }}

),

renamed as (

    select
        till_id,
        id as attribute_value_id,
        {{ name_in_english('name') }} as attribute_value,
        write_date as updated_at
    from source

)

select * from renamed
