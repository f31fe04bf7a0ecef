{{ config(enabled='odoo' in var('systems')) }}

with

source as (

    select * from {{ source('odoo', 'pos_category_product_template_rel') }}

),

categories as (

    select * from {{ ref('base_odoo__pos_category') }}

),

-- a template may be in several categories of the till's screen
first_of_each as (

    select
        source.till_id,
        source.product_template_id as template_id,
        min(categories.category) as category,
        max(categories.updated_at) as updated_at
    from source
    inner join categories
        on
            source.till_id = categories.till_id
            and source.pos_category_id = categories.category_id
    where source._deleted_at is null
    group by source.till_id, source.product_template_id

)

select * from first_of_each
