{{ config(enabled='odoo' in var('systems')) }}

with

source as (

    select * from {{ source('odoo', 'product_category') }}

),

renamed as (

    select
        till_id,
        id as category_id,
        cast(name as {{ dbt.type_string() }}) as category,
        write_date as updated_at
    from source

)

select * from renamed
