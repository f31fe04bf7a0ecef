{{ config(enabled='odoo' in var('systems')) }}
{%- set types = column_types(source('odoo', 'product_template')) -%}

with

source as (

    select * from {{ source('odoo', 'product_template') }}

),

categories as (

    select * from {{ ref('base_odoo__product_category') }}

),

categories_on_screen as (

    select * from {{ ref('base_odoo__pos_category_product_template_rel') }}

),

renamed as (

    select
        -- keys
        source.till_id,
        source.id as template_id,
        source.company_id,

        -- what the product is: the till's screen has categories of its own
        {{ name_in_english('source.name') }} as product_name,
        coalesce(categories_on_screen.category, categories.category) as category,
        source.active
        and source.sale_ok
        and {{ known_column('source', 'available_in_pos', 'boolean', types) }} as is_active,

        -- money, as landed
        source.list_price,

        -- times
        coalesce(categories_on_screen.updated_at, categories.updated_at) as category_updated_at,
        source.write_date as updated_at,
        source._deleted_at as deleted_at
    from source
    left join categories
        on source.till_id = categories.till_id and source.categ_id = categories.category_id
    left join categories_on_screen
        on
            source.till_id = categories_on_screen.till_id
            and source.id = categories_on_screen.template_id

)

select * from renamed
