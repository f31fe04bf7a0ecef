{{ config(enabled='odoo' in var('systems')) }}
{%- set types = column_types(source('odoo', 'product_template_attribute_value')) -%}

with

source as (

    select * from {{ source('odoo', 'product_template_attribute_value') }}

),

attribute_values as (

    select * from {{ ref('base_odoo__product_attribute_value') }}

),

renamed as (

    select
        source.till_id,
        source.id as template_attribute_value_id,
        source.attribute_id,
        attribute_values.attribute_value,
        {{ safe_cast('price_extra', 'numeric(20, 8)', types) }} as price_extra,
        source.write_date as updated_at
    from source
    left join attribute_values
        on
            source.till_id = attribute_values.till_id
            and source.product_attribute_value_id = attribute_values.attribute_value_id

)

select * from renamed
