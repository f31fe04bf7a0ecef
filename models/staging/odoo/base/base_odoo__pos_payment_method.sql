{{ config(enabled='odoo' in var('systems')) }}

with

source as (

    select * from {{ source('odoo', 'pos_payment_method') }}

),

renamed as (

    select
        till_id,
        id as payment_method_id,
        lower(trim({{ name_in_english('name') }})) as method
    from source

)

select * from renamed
