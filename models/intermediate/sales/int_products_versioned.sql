{{ config(
    materialized="table",
    indexes=[{"columns": ["branch_id", "product_id"]}]
) }}

with

products as (

    select * from {{ ref('products') }}

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

)

select * from final
