{{ config(materialized="table", indexes=[{"columns": ["branch_id", "product_id"]}]) }}

{%- set described = ['branch_id', 'product_id', 'sku', 'product_name', 'category', 'size'] %}
{%- set filled = {'sku': dbt.concat(['branch_id', "'-'", 'product_id']),
    'product_name': "'unknown'", 'category': "'unsorted'", 'size': "'one size'"} %}
{%- set told = ['is_active', 'unit_price', 'unit_cost', 'load_id'] %}

with

products as (

    {%- for snapshot in ['products', 'products_untimed'] %}
    select
        {{ (described + told) | join(',\n        ') }},
        deleted_at,
        dbt_valid_from,
        dbt_valid_to,
        dbt_scd_id
    from {{ ref(snapshot) }}
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- endfor %}

),

branches as (

    select
        branches.branch_id,
        branches.currency,
        currencies.minor_unit
    from {{ ref('branches') }} as branches
    left join {{ ref('currencies') }} as currencies on branches.currency = currencies.currency

),

numbered as (

    select
        *,
        row_number() over product_versions as version_number,
        -- a product that has a time of change from some day on goes from one snapshot to the other
        coalesce(lead(dbt_valid_from) over product_versions, dbt_valid_to) as ended_at
    from products
    window
        product_versions as (
            partition by branch_id, product_id order by dbt_valid_from, dbt_scd_id
        )

),

-- Of a product that could never be read so far, what can be: its sales are good all the same.
unread as (

    select records.*
    from {{ ref('base_pos__products') }} as records
    left join products
        on
            records.branch_id = products.branch_id
            and cast(records.product_id as {{ dbt.type_string() }}) = products.product_id
    where products.product_id is null

),

versions as (

    -- what was sold before the first load has the first version; a till may lack what is filled
    select
        {%- for name in described %}
        {{ 'coalesce(' ~ name ~ ', ' ~ filled[name] ~ ') as ' if name in filled }}{{ name }},
        {%- endfor %}
        coalesce(is_active, true) and deleted_at is null as is_active,
        unit_price,
        unit_cost,
        load_id,
        cast(version_number as integer) as version_number,
        case
            when version_number = 1 then cast('1900-01-01 00:00:00+00' as timestamp with time zone)
            else dbt_valid_from
        end as valid_from,
        ended_at as valid_to
    from numbered

    union all

    select
        branch_id,
        cast(product_id as {{ dbt.type_string() }}) as product_id,
        coalesce(sku, 'unknown') as sku,
        coalesce(product_name, 'unknown') as product_name,
        coalesce(category, 'unsorted') as category,
        coalesce(size, 'one size') as size,
        coalesce(is_active, false) as is_active,
        cast(unit_price as {{ exact_type() }}) as unit_price,
        cast(unit_cost as {{ exact_type() }}) as unit_cost,
        load_id,
        1 as version_number,
        cast('1900-01-01 00:00:00+00' as timestamp with time zone) as valid_from,
        cast(null as timestamp with time zone) as valid_to
    from unread

    union all

    {{ unlisted_products('branches') }}

),

final as (

    select
        -- keys
        {{ surrogate_key(
            'versions.branch_id', ['versions.product_id', 'versions.version_number']
        ) }} as product_version_key,
        {{ surrogate_key('versions.branch_id', 'versions.product_id') }} as product_key,
        versions.branch_id,
        versions.product_id,
        versions.sku,

        -- what the product is
        versions.product_name,
        versions.category,
        versions.size,
        versions.is_active,

        -- money
        versions.unit_price,
        versions.unit_cost,
        branches.currency,
        branches.minor_unit,

        -- history
        versions.version_number,
        versions.valid_from,
        versions.valid_to,
        versions.valid_to is null as is_current,

        -- load
        versions.load_id
    from versions
    inner join branches on versions.branch_id = branches.branch_id

)

select * from final
