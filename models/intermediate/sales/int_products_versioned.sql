{{ config(
    materialized="table",
    indexes=[{"columns": ["branch_id", "product_id"]}]
) }}

with

products as (

    select * from {{ ref('products') }}

),

records as (

    select * from {{ ref('base_pos__products') }}

),

branches as (

    select * from {{ ref('branches') }}

),

numbered as (

    select
        *,
        row_number() over (
            partition by branch_id, product_id order by dbt_valid_from, dbt_scd_id
        ) as version_number
    from products

),

-- Of a product that could never be read so far, what can be: its sales are good all the same.
unread as (

    select records.*
    from records
    left join products
        on records.branch_id = products.branch_id and records.product_id = products.product_id
    where products.product_id is null

),

final as (

    select
        -- keys
        {{ surrogate_key(
            'numbered.branch_id', ['numbered.product_id', 'numbered.version_number']
        ) }} as product_key,
        numbered.branch_id,
        numbered.product_id,
        numbered.sku,

        -- what the product is
        numbered.product_name,
        numbered.category,
        numbered.size,
        numbered.is_active and numbered.deleted_at is null as is_active,

        -- money
        numbered.unit_price,
        numbered.unit_cost,
        branches.currency,

        -- history: what was sold before the first load has the first version
        cast(numbered.version_number as integer) as version_number,
        case
            when numbered.version_number = 1
                then cast('1900-01-01 00:00:00+00' as timestamp with time zone)
            else numbered.dbt_valid_from
        end as valid_from,
        numbered.dbt_valid_to as valid_to,
        numbered.dbt_valid_to is null as is_current,

        -- load
        numbered.load_id
    from numbered
    inner join branches on numbered.branch_id = branches.branch_id

    union all

    select
        -- keys
        {{ surrogate_key('unread.branch_id', ['unread.product_id', 1]) }} as product_key,
        unread.branch_id,
        unread.product_id,
        coalesce(unread.sku, 'unknown') as sku,

        -- what the product is
        coalesce(unread.product_name, 'unknown') as product_name,
        coalesce(unread.category, 'unsorted') as category,
        coalesce(unread.size, 'one size') as size,
        coalesce(unread.is_active, false) as is_active,

        -- money
        unread.unit_price,
        unread.unit_cost,
        branches.currency,

        -- history
        1 as version_number,
        cast('1900-01-01 00:00:00+00' as timestamp with time zone) as valid_from,
        cast(null as timestamp with time zone) as valid_to,
        true as is_current,

        -- load
        unread.load_id
    from unread
    inner join branches on unread.branch_id = branches.branch_id

)

select * from final
