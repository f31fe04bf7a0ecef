{{ config(enabled='ospos' in var('systems')) }}

with

items as (

    select * from {{ ref('base_ospos__ospos_items') }}

),

good as (

    select
        -- keys
        branch_id,
        product_id,
        sku,

        -- what the product is
        product_name,
        category,
        'one size' as size,
        cast(null as {{ dbt.type_string() }}) as attributes,
        is_active,

        -- money
        cast(unit_price as {{ exact_type() }}) as unit_price,
        cast(unit_cost as {{ exact_type() }}) as unit_cost,

        -- times: the till keeps none
        cast(null as timestamp with time zone) as created_at,
        cast(null as timestamp with time zone) as updated_at,
        deleted_at,

        -- load
        load_id
    from items
    where {{ not_in_quarantine('ospos', 'ospos_items', 'product_record_key') }}

)

select * from good
