with

lines as (

    select * from {{ ref('stg_exports__lines') }}
    where line_kind in ('sale', 'return') and deleted_at is null

),

-- an export has no menu: an article costs what was last asked for it, since it was first asked
ranked as (

    select
        branch_id,
        product_id,
        article,
        product_name,
        category,
        unit_price,
        unit_cost,
        min(sold_at) over (partition by branch_id, product_id) as created_at,
        min(sold_at) over (partition by branch_id, product_id, unit_price) as price_since,
        max(load_id) over (partition by branch_id, product_id) as load_id,
        row_number() over (
            partition by branch_id, product_id
            order by case line_kind when 'sale' then 0 else 1 end, sold_at desc, line_key desc
        ) as recency
    from lines

),

final as (

    select
        -- keys
        branch_id,
        product_id,
        article as sku,

        -- what the product is
        product_name,
        category,
        'one size' as size,
        cast(null as {{ dbt.type_string() }}) as attributes,
        true as is_active,

        -- money
        cast(unit_price as {{ exact_type() }}) as unit_price,
        cast(unit_cost as {{ exact_type() }}) as unit_cost,

        -- times
        created_at,
        price_since as updated_at,
        cast(null as timestamp with time zone) as deleted_at,

        -- load
        load_id
    from ranked
    where recency = 1

)

select * from final
