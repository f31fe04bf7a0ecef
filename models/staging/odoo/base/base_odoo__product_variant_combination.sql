{{ config(enabled='odoo' in var('systems')) }}

with

source as (

    select * from {{ source('odoo', 'product_variant_combination') }}

),

attribute_values as (

    select * from {{ ref('base_odoo__product_template_attribute_value') }}

),

-- what makes a product a variant of its template, and what that costs more
variants as (

    select
        source.till_id,
        source.product_product_id,
        {{ dbt.listagg(
            'attribute_values.attribute_value', "', '",
            'order by attribute_values.attribute_id, attribute_values.attribute_value'
        ) }} as attribute_values,
        sum(attribute_values.price_extra) as price_extra,
        max(attribute_values.updated_at) as updated_at
    from source
    inner join attribute_values
        on
            source.till_id = attribute_values.till_id
            and source.product_template_attribute_value_id
            = attribute_values.template_attribute_value_id
    where source._deleted_at is null
    group by source.till_id, source.product_product_id

)

select * from variants
