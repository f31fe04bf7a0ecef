{{ config(enabled='odoo' in var('systems')) }}

with

source as (

    select * from {{ source('odoo', 'pos_category') }}

),

renamed as (

    select
        till_id,
        id as category_id,
        {{ name_in_english('name') }} as category,
        write_date as updated_at
    from source

)

select * from renamed
