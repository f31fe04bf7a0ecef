with

products as (

    select * from {{ ref('stg_pos__products') }}

),

export_lines as (

    select * from {{ ref('stg_exports__lines') }}
    where quantity > 0 and deleted_at is null

),

-- an export has no menu: an article costs what was last asked for it, since it was first asked
ranked as (

    select
        branch_id,
        product_id,
        article,
        unit_price,
        min(sold_at) over (partition by branch_id, product_id) as created_at,
        min(sold_at) over (partition by branch_id, product_id, unit_price) as price_since,
        max(load_id) over (partition by branch_id, product_id) as load_id,
        row_number() over (
            partition by branch_id, product_id order by sold_at desc, line_key desc
        ) as recency
    from export_lines

),

final as (

    select
        branch_id,
        product_id,
        sku,
        product_name,
        category,
        size,
        attributes,
        is_active,
        unit_price,
        unit_cost,
        created_at,
        updated_at,
        deleted_at,
        load_id
    from products

    union all

    select
        branch_id,
        product_id,
        article as sku,
        article as product_name,
        'unsorted' as category,
        'one size' as size,
        cast(null as {{ dbt.type_string() }}) as attributes,
        true as is_active,
        unit_price,
        cast(null as numeric(12, 2)) as unit_cost,
        created_at,
        price_since as updated_at,
        cast(null as timestamp with time zone) as deleted_at,
        load_id
    from ranked
    where recency = 1

)

select * from final
