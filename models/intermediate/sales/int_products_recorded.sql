with

recorded as (

    {%- for system in till_systems() %}
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
        load_id,
        '{{ system }}' as system_name
    from {{ ref('stg_' ~ system ~ '__products') }}
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- endfor %}

)

select * from recorded
