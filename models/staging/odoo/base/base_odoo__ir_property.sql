{{ config(enabled='odoo' in var('systems')) }}
{%- set types = column_types(source('odoo', 'ir_property')) -%}

with

source as (

    select * from {{ source('odoo', 'ir_property') }}

),

-- what a product costs is a property of it in each company, and not one of the product's columns
costs as (

    select
        till_id,
        cast(res_id as {{ dbt.type_string() }}) as product_reference,
        company_id,
        {{ safe_cast('value_float', 'numeric(20, 8)', types) }} as unit_cost,
        write_date as updated_at
    from source
    where name = 'standard_price' and res_id is not null and _deleted_at is null

)

select * from costs
