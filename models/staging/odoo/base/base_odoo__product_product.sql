{{ config(enabled='odoo' in var('systems')) }}
{%- set types = column_types(ref('base_odoo__product_template')) -%}
{%- set money = 'numeric(20, 8)' -%}
{%- set id_as_text = "cast(source.id as " ~ dbt.type_string() ~ ")" -%}

with

source as (

    select * from {{ ref('base_odoo__products_as_landed') }}

),

shops as (

    select
        branch_id,
        till_id,
        min(company_id) as company_id
    from {{ ref('base_odoo__pos_config') }}
    group by branch_id, till_id

),

templates as (

    select * from {{ ref('base_odoo__product_template') }}

),

variants as (

    select * from {{ ref('base_odoo__product_variant_combination') }}

),

costs as (

    select * from {{ ref('base_odoo__ir_property') }}

),

-- each branch has the products of its company, and those that are of none
products as (

    select
        source.till_id,
        source.id,
        source.default_code,
        source.create_date,
        source._dlt_load_id,
        shops.branch_id,
        templates.product_name,
        templates.category,
        templates.list_price,
        source.active and templates.is_active as is_active,
        variants.attribute_values,
        variants.price_extra,
        costs.unit_cost,
        greatest(
            source.write_date, templates.updated_at, templates.category_updated_at,
            variants.updated_at, costs.updated_at
        ) as updated_at,
        coalesce(source._deleted_at, templates.deleted_at) as _deleted_at
    from source
    inner join shops on source.till_id = shops.till_id
    left join templates
        on source.till_id = templates.till_id and source.product_tmpl_id = templates.template_id
    left join variants
        on source.till_id = variants.till_id and source.id = variants.product_product_id
    left join costs
        on
            source.till_id = costs.till_id
            and shops.company_id = costs.company_id
            and costs.product_reference = {{ dbt.concat(["'product.product,'", id_as_text]) }}
    where templates.company_id is null or templates.company_id = shops.company_id

),

judged as (

    select
        -- keys
        {{ surrogate_key('branch_id', 'id') }} as product_record_key,
        branch_id,
        cast(id as {{ dbt.type_string() }}) as product_id,
        cast(default_code as {{ dbt.type_string() }}) as sku,
        id,

        -- what the product is
        product_name,
        coalesce(category, 'unsorted') as category,
        coalesce(attribute_values, 'one size') as size,
        coalesce(is_active, false) as is_active,

        -- money
        cast(
            {{ safe_cast('list_price', money, types) }} + coalesce(price_extra, 0) as {{ money }}
        ) as unit_price,
        unit_cost,

        -- times
        create_date as created_at,
        updated_at,
        _deleted_at as deleted_at,

        -- load
        cast(_dlt_load_id as {{ dbt.type_string() }}) as load_id,

        -- judgement
        {{ row_errors([
            missing('product_name'),
            unreadable('list_price', money, types, exact=false),
        ]) }} as _errors,
        {{ raw_record('products', [
            'till_id', 'id', 'default_code', 'product_name', 'list_price', 'price_extra',
            'updated_at'
        ]) }} as raw_record
    from products

)

select * from judged
