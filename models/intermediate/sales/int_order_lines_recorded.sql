with

recorded as (

    {%- for system in till_systems() %}
    select
        order_line_key,
        order_key,
        branch_id,
        order_line_id,
        order_id,
        line_number,
        product_id,
        line_kind,
        description,
        quantity,
        unit_price,
        gross_amount,
        discount_amount,
        tax_amount,
        tax_rate,
        returned_order_line_id,
        deleted_at,
        load_id
    from {{ ref('stg_' ~ system ~ '__order_lines') }}
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- endfor %}

)

select * from recorded
