{{ config(enabled='unicenta' in var('systems')) }}

with

products as (

    select * from {{ ref('base_unicenta__products') }}
    where {{ not_in_quarantine('unicenta', 'products', 'product_record_key') }}

),

categories as (

    select * from {{ ref('base_unicenta__categories') }}

),

final as (

    select
        -- keys
        products.branch_id,
        products.product_id,
        products.sku,

        -- what the product is
        products.product_name,
        categories.category,
        'one size' as size,
        cast(null as {{ dbt.type_string() }}) as attributes,
        products.deleted_at is null as is_active,

        -- money
        cast(products.unit_price as {{ exact_type() }}) as unit_price,
        cast(products.unit_cost as {{ exact_type() }}) as unit_cost,

        -- times: the till keeps none
        cast(null as timestamp with time zone) as created_at,
        cast(null as timestamp with time zone) as updated_at,
        products.deleted_at,

        -- load
        products.load_id
    from products
    left join categories
        on
            products.branch_id = categories.branch_id
            and products.category_id = categories.category_id

)

select * from final
