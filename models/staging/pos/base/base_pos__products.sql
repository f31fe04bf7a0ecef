{%- set types = column_types(source('pos', 'products')) -%}
{%- set time = 'timestamp with time zone' -%}
{%- set money = 'numeric(12, 2)' -%}

with

source as (

    select * from {{ source('pos', 'products') }}

),

judged as (

    select
        -- keys
        {{ surrogate_key('branch_id', 'product_id') }} as product_record_key,
        cast(branch_id as {{ dbt.type_string() }}) as branch_id,
        product_id,
        cast(sku as {{ dbt.type_string() }}) as sku,

        -- what the product is
        cast(product_name as {{ dbt.type_string() }}) as product_name,
        cast(category as {{ dbt.type_string() }}) as category,
        cast(size as {{ dbt.type_string() }}) as size,
        cast(attributes as {{ dbt.type_string() }}) as attributes,
        {{ safe_cast('is_active', 'boolean', types) }} as is_active,

        -- money
        {{ safe_cast('unit_price', money, types) }} as unit_price,
        {{ safe_cast('unit_cost', money, types) }} as unit_cost,

        -- times
        {{ safe_cast('created_at', time, types) }} as created_at,
        {{ safe_cast('updated_at', time, types) }} as updated_at,
        _deleted_at as deleted_at,

        -- load
        cast(_dlt_load_id as {{ dbt.type_string() }}) as load_id,

        -- judgement
        {{ row_errors([
            missing('product_name'),
            unreadable('is_active', 'boolean', types),
            unreadable('unit_price', money, types),
            unreadable('unit_cost', money, types, optional=true, exact=false),
            unreadable('updated_at', time, types),
            broken('unit_price', safe_cast('unit_price', money, types) ~ ' < 0', 'is below 0'),
        ]) }} as _errors,
        {{ raw_record('source', [
            'branch_id', 'product_id', 'sku', 'product_name', 'category', 'size', 'unit_price',
            'unit_cost', 'is_active', 'created_at', 'updated_at'
        ]) }} as raw_record
    from source

)

select * from judged
