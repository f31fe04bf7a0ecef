with

recorded as (

    {%- for system in till_systems() %}
    select
        order_tax_key,
        order_key,
        branch_id,
        order_id,
        tax_rate,
        is_refund,
        taxable_amount,
        tax_amount,
        deleted_at,
        load_id
    from {{ ref('stg_' ~ system ~ '__order_taxes') }}
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- endfor %}

)

select * from recorded
